// What scripts written for Dubbo Java find: its objects with their methods, lists of Java, and the methods of Java's
// strings. `native` has the facts of one call.
(function (scope, native) {
  'use strict';

  const define = (target, methods) => {
    for (const name of Object.keys(methods)) {
      Object.defineProperty(target, name, { value: methods[name], configurable: true, writable: true });
    }
  };
  const property = (target, name, get) => Object.defineProperty(target, name, { get, configurable: true });

  define(String.prototype, {
    equals(other) { return other !== null && other !== undefined && String(this) === String(other); },
    equalsIgnoreCase(other) { return other != null && String(this).toLowerCase() === String(other).toLowerCase(); },
    contains(other) { return String(this).includes(String(other)); },
    isEmpty() { return this.length === 0; },
    matches(pattern) { return new RegExp('^(?:' + pattern + ')$').test(String(this)); },
    getBytes() { return Array.from(String(this), c => c.charCodeAt(0)); },
  });

  // A list of Java, which is an array here, too.
  class JavaList extends Array {
    static get [Symbol.species]() { return Array; }
    static of(items) { const list = new JavaList(); for (const item of items) { list.push(item); } return list; }
  }
  define(JavaList.prototype, {
    size() { return this.length; },
    get(at) { if (at < 0 || at >= this.length) { throw new RangeError('index ' + at + ' of ' + this.length); } return this[at]; },
    set(at, item) { const before = this.get(at); this[at] = item; return before; },
    add(at, item) { if (arguments.length > 1) { this.splice(at, 0, item); } else { this.push(at); } return true; },
    addAll(items) { for (const item of items) { this.push(item); } return true; },
    remove(what) {
      const at = typeof what === 'number' ? what : this.indexOf(what);
      if (at < 0 || at >= this.length) { return false; }
      const item = this.splice(at, 1)[0];
      return typeof what === 'number' ? item : true;
    },
    removeIf(test) {
      const left = this.filter(item => !(test.test ? test.test(item) : test(item)));
      const changed = left.length !== this.length;
      this.length = 0; this.push(...left);
      return changed;
    },
    contains(item) { return this.includes(item); },
    isEmpty() { return this.length === 0; },
    clear() { this.length = 0; },
    subList(from, to) { return JavaList.of(this.slice(from, to)); },
    iterator() {
      let at = 0;
      return { hasNext: () => at < this.length, next: () => this[at++] };
    },
  });

  function ArrayList(from) {
    // A number is a capacity.
    return JavaList.of(from && typeof from === 'object' ? from : []);
  }
  class HashMap extends Map {
    constructor() { super(); }
    put(key, value) { const before = this.get(key); this.set(key, value); return before === undefined ? null : before; }
    containsKey(key) { return this.has(key); }
    getOrDefault(key, value) { return this.has(key) ? super.get(key) : value; }
    isEmpty() { return this.size === 0; }
  }
  class HashSet extends Set {
    constructor(from) { super(from && typeof from === 'object' ? from : []); }
    contains(item) { return this.has(item); }
    isEmpty() { return this.size === 0; }
  }
  const classes = {
    'java.util.ArrayList': ArrayList, 'java.util.LinkedList': ArrayList,
    'java.util.HashMap': HashMap, 'java.util.LinkedHashMap': HashMap,
    'java.util.HashSet': HashSet, 'java.util.LinkedHashSet': HashSet,
  };
  const type = name => {
    const found = classes[name];
    if (!found) { throw new TypeError('there is no class ' + name + ' here'); }
    return found;
  };
  const util = {};
  for (const name of Object.keys(classes)) { util[name.slice('java.util.'.length)] = classes[name]; }
  scope.java = { util };
  scope.Java = {
    type,
    to(items) { return JavaList.of(items); },
    from(items) { return Array.from(items); },
  };

  // Lists of an invocation and of providers that scripts only read.
  class Url {
    constructor(place) { this.place = place; }
    getHost() { return native.host(this.place); }
    getIp() { return native.host(this.place); }
    getPort() { return native.port(this.place); }
    getProtocol() { return native.protocol(this.place); }
    getAddress() { return this.getHost() + ':' + this.getPort(); }
    getPath() { return native.service; }
    getServiceInterface() { return native.service; }
    getServiceKey() { return native.key; }
    getParameter(name, otherwise) {
      const value = native.param(this.place, name);
      if (value !== null && value !== '') { return value; }
      return otherwise === undefined ? value : otherwise;
    }
    getMethodParameter(method, name, otherwise) {
      return this.getParameter(method + '.' + name, this.getParameter(name, otherwise));
    }
    hasParameter(name) { const value = native.param(this.place, name); return value !== null && value !== ''; }
    getApplication() { return this.getParameter('application'); }
    getRemoteApplication() { return native.application(this.place); }
    getGroup() { return this.getParameter('group'); }
    getVersion() { return this.getParameter('version'); }
    toString() { return this.getProtocol() + '://' + this.getAddress() + '/' + native.service; }
  }
  for (const name of ['host', 'ip', 'port', 'protocol', 'address', 'path', 'application', 'remoteApplication', 'group', 'version']) {
    const method = 'get' + name[0].toUpperCase() + name.slice(1);
    property(Url.prototype, name, function () { return this[method](); });
  }
  class Invoker {
    constructor(place) { this.place = place; this.at = new Url(place); }
    getUrl() { return this.at; }
    isAvailable() { return true; }
    toString() { return this.at.toString(); }
  }
  property(Invoker.prototype, 'url', function () { return this.at; });

  const attachments = new HashMap();
  for (const [name, value] of native.attachments) { attachments.set(name, value); }
  const attachment = (name, otherwise) => {
    const value = attachments.get(name);
    return value !== undefined ? value : otherwise === undefined ? null : otherwise;
  };
  const invocation = {
    getMethodName: () => native.method,
    getServiceName: () => native.service,
    getTargetServiceUniqueName: () => native.key,
    getArguments: () => native.arguments,
    getParameterTypes: () => native.types,
    getAttachment: attachment,
    getObjectAttachment: attachment,
    getAttachments: () => attachments,
  };
  property(invocation, 'methodName', () => native.method);
  property(invocation, 'arguments', () => native.arguments);
  property(invocation, 'attachments', () => attachments);

  scope.invokers = JavaList.of(native.places.map(place => new Invoker(place)));
  scope.invocation = invocation;
  scope.context = { getAttachment: attachment, getAttachments: () => attachments, getMethodName: () => native.method };

  // The places of what a script returned; a text says what it is instead.
  return result => {
    if (result === null || result === undefined) { return 'nothing'; }
    if (!Array.isArray(result) && !(result instanceof Set)) { return typeof result; }
    const places = [];
    for (const item of result) {
      if (!(item instanceof Invoker)) { return 'a list with something else than providers'; }
      places.push(item.place);
    }
    return places;
  };
})

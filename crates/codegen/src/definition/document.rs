//! The parts of a definition as they are written, in any of its generations.

use std::collections::BTreeMap;

use serde_json::Value;

/// References to references that are followed.
const MAX_HOPS: usize = 8;

/// A definition: names of types are as they are written.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) interface: String,
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    /// The way in which the provider calls the service.
    pub(super) proxy: Option<String>,
    pub(super) methods: Vec<Method>,
    /// Types by name; the fields and constants of a type that is there several times are those of the richest.
    pub(super) types: BTreeMap<String, Described>,
    /// Parts that could not be read: where, and what it is.
    pub(super) unreadable: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) parameters: Vec<String>,
    pub(super) result: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) properties: BTreeMap<String, String>,
    pub(super) enums: Vec<String>,
}

impl Described {
    fn size(&self) -> usize {
        self.properties.len() + self.enums.len()
    }
}

impl Document {
    /// Reads a definition; the error says what is wrong.
    pub(super) fn read(root: &Value) -> Result<Self, String> {
        let object = root.as_object().ok_or("an object is expected")?;
        let parameter = |name: &str| {
            let text = object.get("parameters")?.get(name)?.as_str()?;
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        let interface = object.get("canonicalName").and_then(Value::as_str).map(str::to_owned);
        let interface =
            interface.filter(|name| !name.is_empty()).or_else(|| parameter("interface"));
        let mut document = Self {
            interface: interface.ok_or("`canonicalName` has no name of an interface")?,
            group: parameter("group"),
            version: parameter("version"),
            proxy: parameter("proxy"),
            ..Self::default()
        };
        match object.get("types") {
            None | Some(Value::Null) => {}
            Some(Value::Array(types)) => {
                for (i, ty) in types.iter().enumerate() {
                    if document.ty(root, ty).is_none() {
                        document.unreadable(format!("types[{i}]"), "a type without a name");
                    }
                }
            }
            Some(_) => return Err("`types` is no list".to_owned()),
        }
        let methods = object.get("methods").and_then(Value::as_array);
        for (i, method) in methods.ok_or("`methods` is no list")?.iter().enumerate() {
            match document.method(root, method) {
                Ok(method) => document.methods.push(method),
                Err(what) => {
                    let name = method.get("name").and_then(Value::as_str);
                    let at = name.map_or_else(|| format!("methods[{i}]"), str::to_owned);
                    document.unreadable(at, what);
                }
            }
        }
        Ok(document)
    }

    fn unreadable(&mut self, at: String, what: &str) {
        self.unreadable.push((at, what.to_owned()));
    }

    fn method(&mut self, root: &Value, method: &Value) -> Result<Method, &'static str> {
        let name = method.get("name").and_then(Value::as_str).ok_or("a method without a name")?;
        // Before 2.7 the parameters were types as objects.
        let by_name = method.get("parameterTypes").and_then(Value::as_array);
        let objects = || method.get("parameters").and_then(Value::as_array);
        let parameters = by_name.or_else(objects).map(Vec::as_slice).unwrap_or_default();
        let parameters =
            parameters.iter().map(|of| self.ty(root, of).ok_or("a parameter without a type"));
        Ok(Method {
            name: name.to_owned(),
            parameters: parameters.collect::<Result<_, _>>()?,
            result: method
                .get("returnType")
                .and_then(Value::as_str)
                .filter(|name| !name.is_empty())
                .ok_or("a method without the type of its result")?
                .to_owned(),
        })
    }

    /// Returns the name of a type, and keeps what its object says of it and of its parts.
    fn ty(&mut self, root: &Value, value: &Value) -> Option<String> {
        if let Some(name) = value.as_str() {
            return Some(name.to_owned());
        }
        let object = value.as_object()?;
        let Some(name) = object.get("type").and_then(Value::as_str) else {
            let target = referred(root, value)?;
            return Some(target.get("type")?.as_str()?.to_owned());
        };
        let mut described = Described::default();
        for (field, ty) in object.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            match self.ty(root, ty) {
                Some(ty) => {
                    described.properties.insert(field.clone(), ty);
                }
                None => self.unreadable(format!("{name}.{field}"), "a field without a type"),
            }
        }
        let items = object.get("items").and_then(Value::as_array).into_iter().flatten();
        let items: Vec<_> = items.filter_map(|item| self.ty(root, item)).collect();
        let constants = object.get("enums").and_then(Value::as_array).into_iter().flatten();
        described.enums = constants.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let known = self.types.entry(name.to_owned()).or_default();
        if described.size() > known.size() {
            *known = described;
        }
        let raw = !items.is_empty() && !name.contains(['<', '[']);
        Some(if raw { format!("{name}<{}>", items.join(",")) } else { name.to_owned() })
    }
}

/// Follows a reference of fastjson, such as `$.types[4].properties.date`, to an object with a type.
fn referred<'a>(root: &'a Value, value: &'a Value) -> Option<&'a Value> {
    let mut value = value;
    for _ in 0..MAX_HOPS {
        if value.get("type").is_some() {
            return Some(value);
        }
        value = at(root, value.get("$ref")?.as_str()?.strip_prefix('$')?)?;
    }
    None
}

/// The value at a path such as `.types[4].properties.date`.
fn at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = root;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('[') {
            let (index, behind) = behind.split_once(']')?;
            value = value.get(index.parse::<usize>().ok()?)?;
            rest = behind;
        } else {
            let behind = rest.strip_prefix('.')?;
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let (name, behind) = behind.split_at(end);
            value = value.get(name)?;
            rest = behind;
        }
    }
    Some(value)
}

//! Class files that no compiler makes.

use std::collections::BTreeMap;

/// A class to be assembled.
#[derive(Clone, Debug)]
pub(crate) struct Assembly {
    pub(crate) major: u16,
    pub(crate) flags: u16,
    pub(crate) name: String,
    pub(crate) superclass: String,
    pub(crate) interfaces: Vec<String>,
    pub(crate) signature: Option<String>,
    pub(crate) fields: Vec<Member>,
    pub(crate) methods: Vec<Member>,
    /// The descriptor of an annotation of the class, and how often it has it.
    pub(crate) annotation: Option<(String, u16)>,
}

/// A field or method: its flags, name, descriptor and signature. An empty signature is a reference to nothing.
pub(crate) type Member = (u16, String, String, Option<String>);

const PUBLIC: u16 = 0x0001;
const ABSTRACT: u16 = 0x0400;
const INTERFACE: u16 = 0x0200;

/// Makes a public class of Java 8.
pub(crate) fn class(name: &str, superclass: &str) -> Assembly {
    Assembly {
        major: 52,
        flags: PUBLIC,
        name: name.into(),
        superclass: superclass.into(),
        interfaces: Vec::new(),
        signature: None,
        fields: Vec::new(),
        methods: Vec::new(),
        annotation: None,
    }
}

/// Makes a public interface.
pub(crate) fn interface(name: &str) -> Assembly {
    Assembly { flags: PUBLIC | ABSTRACT | INTERFACE, ..class(name, "java/lang/Object") }
}

impl Assembly {
    pub(crate) fn field(mut self, name: &str, descriptor: &str, signature: Option<&str>) -> Self {
        let signature = signature.map(str::to_owned);
        self.fields.push((PUBLIC, name.into(), descriptor.into(), signature));
        self
    }

    pub(crate) fn method(mut self, name: &str, descriptor: &str, signature: Option<&str>) -> Self {
        let signature = signature.map(str::to_owned);
        self.methods.push((PUBLIC | ABSTRACT, name.into(), descriptor.into(), signature));
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut pool = Pool::default();
        let mut body = Vec::new();
        push(&mut body, self.flags);
        let names = [&self.name, &self.superclass].map(|name| pool.class(name));
        for index in names {
            push(&mut body, index);
        }
        push(&mut body, self.interfaces.len());
        for name in &self.interfaces {
            let index = pool.class(name);
            push(&mut body, index);
        }
        for members in [&self.fields, &self.methods] {
            push(&mut body, members.len());
            for (flags, name, descriptor, signature) in members {
                push(&mut body, *flags);
                let name_and_type = [name, descriptor].map(|text| pool.utf8(text));
                for index in name_and_type {
                    push(&mut body, index);
                }
                push(&mut body, usize::from(signature.is_some()));
                pool.signature(&mut body, signature.as_deref());
            }
        }
        let attributes =
            usize::from(self.signature.is_some()) + usize::from(self.annotation.is_some());
        push(&mut body, attributes);
        pool.signature(&mut body, self.signature.as_deref());
        if let Some((descriptor, count)) = &self.annotation {
            let [name, descriptor] =
                ["RuntimeVisibleAnnotations", descriptor].map(|text| pool.utf8(text));
            push(&mut body, name);
            body.extend((2 + 4 * u32::from(*count)).to_be_bytes());
            push(&mut body, *count);
            for _ in 0..*count {
                push(&mut body, descriptor);
                push(&mut body, 0);
            }
        }
        let mut bytes = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0];
        push(&mut bytes, self.major);
        push(&mut bytes, pool.count + 1);
        bytes.extend(pool.bytes);
        bytes.extend(body);
        bytes
    }
}

fn push(bytes: &mut Vec<u8>, number: impl TryInto<u16>) {
    let Ok(number) = number.try_into() else { panic!("it has two bytes") };
    bytes.extend(number.to_be_bytes());
}

#[derive(Default)]
struct Pool {
    bytes: Vec<u8>,
    count: u16,
    known: BTreeMap<(u8, String), u16>,
}

impl Pool {
    fn utf8(&mut self, text: &str) -> u16 {
        if let Some(index) = self.known.get(&(1, text.to_owned())) {
            return *index;
        }
        self.bytes.push(1);
        push(&mut self.bytes, text.len());
        self.bytes.extend(text.as_bytes());
        self.count += 1;
        self.known.insert((1, text.to_owned()), self.count);
        self.count
    }

    fn class(&mut self, name: &str) -> u16 {
        if let Some(index) = self.known.get(&(7, name.to_owned())) {
            return *index;
        }
        let text = self.utf8(name);
        self.bytes.push(7);
        push(&mut self.bytes, text);
        self.count += 1;
        self.known.insert((7, name.to_owned()), self.count);
        self.count
    }

    fn signature(&mut self, body: &mut Vec<u8>, signature: Option<&str>) {
        if let Some(signature) = signature {
            let name = self.utf8("Signature");
            let text = if signature.is_empty() { 0 } else { self.utf8(signature) };
            push(body, name);
            body.extend(2_u32.to_be_bytes());
            push(body, text);
        }
    }
}

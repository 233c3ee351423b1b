//! The definition of a service: its methods and their types by Java's names, as Dubbo's consoles read
//! it.
//!
//! Source: Dubbo Java `ServiceDefinitionBuilder`, `TypeDefinitionBuilder` and the builders of kinds of
//! types.

use std::collections::BTreeMap;

/// The methods of a service, and the types that they name (Dubbo Java `ServiceDefinition`).
///
/// ```
/// # mod dubhe { pub mod definition { pub use dubhe_core::definition::{MethodDefinition, ServiceDefinition, TypeDefinitions}; } }
/// use dubhe::definition::{MethodDefinition, ServiceDefinition, TypeDefinitions};
///
/// // `java.util.List<java.lang.String> find(int page)`
/// let mut types = TypeDefinitions::default();
/// let find = MethodDefinition {
///     name: "find".into(),
///     parameter_types: vec![types.add("int")],
///     return_type: types.add("java.util.List<java.lang.String>"),
/// };
/// let definition = ServiceDefinition { methods: vec![find], types };
/// assert_eq!(definition.types.iter().count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceDefinition {
    /// The methods, overloads one by one.
    pub methods: Vec<MethodDefinition>,
    /// The types of their parameters and results, and what these consist of.
    pub types: TypeDefinitions,
}

/// A method, with the names of its types: those of Java's source with type arguments, such as
/// `java.util.Map<java.lang.Long,org.example.User>`.
///
/// ```
/// # mod dubhe { pub mod definition { pub use dubhe_core::definition::MethodDefinition; } }
/// use dubhe::definition::MethodDefinition;
///
/// let ping = MethodDefinition { name: "ping".into(), return_type: "void".into(), ..Default::default() };
/// assert!(ping.parameter_types.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodDefinition {
    /// The name in Java.
    pub name: String,
    /// The types of the parameters.
    pub parameter_types: Vec<String>,
    /// The type of the result.
    pub return_type: String,
}

/// The parts of a type, by the names of their types. A type of which nothing more is known, such as
/// `long`, has none.
///
/// ```
/// # mod dubhe { pub mod definition { pub use dubhe_core::definition::TypeDefinition; } }
/// use dubhe::definition::TypeDefinition;
///
/// let list = TypeDefinition { items: vec!["java.lang.Long".into()], ..TypeDefinition::default() };
/// assert!(list.properties.is_empty() && list.enums.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeDefinition {
    /// The types of the fields of a class and of its superclasses, by name.
    pub properties: BTreeMap<String, String>,
    /// The type arguments of a collection or a map, or the elements of an array.
    pub items: Vec<String>,
    /// The constants of an enum.
    pub enums: Vec<String>,
}

/// Types by their names, each once.
///
/// ```
/// # mod dubhe { pub mod definition { pub use dubhe_core::definition::{TypeDefinition, TypeDefinitions}; } }
/// use dubhe::definition::{TypeDefinition, TypeDefinitions};
///
/// /// A class of which one is in the other.
/// fn node(types: &mut TypeDefinitions) -> String {
///     types.add_with("org.example.Node", |types| TypeDefinition {
///         properties: [("next".into(), node(types))].into(),
///         ..TypeDefinition::default()
///     })
/// }
///
/// let mut types = TypeDefinitions::default();
/// assert_eq!(node(&mut types), "org.example.Node");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeDefinitions(BTreeMap<String, TypeDefinition>);

impl TypeDefinitions {
    /// Adds a type without parts, unless it is there. Returns its name.
    pub fn add(&mut self, name: impl Into<String>) -> String {
        self.add_with(name, |_| TypeDefinition::default())
    }

    /// Adds a type with its parts, unless it is there or is one of its own parts. Returns its name.
    pub fn add_with(
        &mut self,
        name: impl Into<String>,
        parts: impl FnOnce(&mut Self) -> TypeDefinition,
    ) -> String {
        let name = name.into();
        if !self.0.contains_key(&name) {
            // A class that holds itself finds itself there.
            self.0.insert(name.clone(), TypeDefinition::default());
            let parts = parts(self);
            self.0.insert(name.clone(), parts);
        }
        name
    }

    /// Returns the types in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TypeDefinition)> {
        self.0.iter().map(|(name, parts)| (&**name, parts))
    }
}

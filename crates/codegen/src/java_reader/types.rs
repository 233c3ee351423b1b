//! Types of signatures as types of the model.

use std::collections::BTreeMap;

use crate::classfile::signature::{Argument, ClassType, JavaType, TypeParameter};
use crate::model::Type;

use super::build::Build;
use super::jdk;

/// Levels of arrays and type arguments that a type of the model may have.
const DEPTH: usize = 255;
/// The weight that a type may have once its variables are replaced: 32 for each class in it, and the bytes
/// of its name. A few lines of Java can describe one of any size.
const WEIGHT: usize = 64 << 10;
/// Type parameters of one declaration that are looked at; a Java compiler refuses more.
const PARAMETERS: usize = 255;

/// The types that type variables stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) variables: BTreeMap<String, Type>,
}

impl Scope {
    /// The weight of all types in it.
    pub(super) fn weight(&self) -> usize {
        self.variables.iter().map(|(name, of)| name.len() + weight(of)).sum()
    }
}

/// The place where a type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The type of a parameter itself, which can be the interface of a callback.
    Parameter,
    /// Any other one.
    Within,
}

/// The size of a type in the model.
pub(super) fn weight(of: &Type) -> usize {
    measure(of).0
}

/// The weight and the levels of a type.
fn measure(of: &Type) -> (usize, usize) {
    match of {
        Type::Void | Type::Primitive(_) => (32, 1),
        Type::Variable(name) => (32 + name.len(), 1),
        Type::Array(of) | Type::Nullable(of) => {
            let (weight, depth) = measure(of);
            (weight + 32, depth + 1)
        }
        Type::Class { name, arguments } => {
            let each = arguments.iter().map(measure);
            let (weight, depth) = each.fold((0, 0), |all, one| (all.0 + one.0, all.1.max(one.1)));
            (weight + 32 + name.len(), depth + 1)
        }
    }
}

/// The type that a descriptor has, whose classes may be missing.
pub(super) fn erased(of: &JavaType) -> Type {
    match of {
        JavaType::Void => Type::Void,
        JavaType::Primitive(of) => Type::Primitive(*of),
        JavaType::Class(of) => Type::class(of.name.clone()),
        JavaType::Array(of) => Type::Array(Box::new(erased(of))),
        JavaType::Variable(_) => Type::object(),
    }
}

/// Returns `true` if the erasure of a type of the model is that type.
pub(super) fn erases_to(of: &Type, wanted: &Type) -> bool {
    match (of, wanted) {
        (Type::Nullable(of), wanted) => erases_to(of, wanted),
        (Type::Class { name, .. }, Type::Class { name: wanted, .. }) => name == wanted,
        (Type::Array(of), Type::Array(wanted)) => erases_to(of, wanted),
        (of, wanted) => of == wanted,
    }
}

/// Returns `true` if a generic type can be what the descriptor has.
pub(super) fn agrees(generic: &JavaType, descriptor: &JavaType) -> bool {
    match (generic, descriptor) {
        (JavaType::Variable(_), JavaType::Class(_) | JavaType::Array(_)) => true,
        (JavaType::Class(one), JavaType::Class(other)) => one.name == other.name,
        (JavaType::Array(one), JavaType::Array(other)) => agrees(one, other),
        (one, other) => one == other,
    }
}

/// A type that is being converted.
struct Conversion<'a> {
    scope: &'a Scope,
    weight: usize,
    is_cut: bool,
}

impl Build<'_> {
    /// Converts a type. The classes that it names are reached.
    pub(super) fn convert(&mut self, of: &JavaType, scope: &Scope, place: Place, at: &str) -> Type {
        let mut conversion = Conversion { scope, weight: 0, is_cut: false };
        let ty = self.part(of, &mut conversion, place, 0);
        if conversion.is_cut {
            self.note(
                at,
                "its type is too large or nested too deeply once type variables are replaced; Object \
                 stands for parts of it",
            );
        }
        ty
    }

    fn part(&mut self, of: &JavaType, to: &mut Conversion<'_>, place: Place, depth: usize) -> Type {
        to.weight += 32;
        if to.weight > WEIGHT || depth > DEPTH {
            to.is_cut = true;
            return Type::object();
        }
        match of {
            JavaType::Void => Type::Void,
            JavaType::Primitive(of) => Type::Primitive(*of),
            JavaType::Array(of) => {
                Type::Array(Box::new(self.part(of, to, Place::Within, depth + 1)))
            }
            JavaType::Class(of) => self.class_part(of, to, place, depth),
            JavaType::Variable(name) => {
                let Some(ty) = to.scope.variables.get(name) else { return Type::object() };
                let (weight, levels) = measure(ty);
                to.weight = to.weight.saturating_add(weight);
                if to.weight > WEIGHT || depth + levels > DEPTH {
                    to.is_cut = true;
                    return Type::object();
                }
                ty.clone()
            }
        }
    }

    fn class_part(
        &mut self,
        of: &ClassType,
        to: &mut Conversion<'_>,
        place: Place,
        depth: usize,
    ) -> Type {
        to.weight += of.name.len();
        if !jdk::is_jdk(&of.name) && !self.reach_type(&of.name, place) {
            return self.unknown(&of.name);
        }
        let mut arguments = Vec::new();
        for argument in &of.arguments {
            arguments.push(match argument {
                Argument::Any | Argument::Super(_) => Type::object(),
                Argument::Extends(of) | Argument::Exact(of) => {
                    self.part(of, to, Place::Within, depth + 1)
                }
            });
        }
        Type::Class { name: of.name.clone(), arguments }
    }

    /// Adds type parameters to a scope, which stand for their first bounds.
    pub(super) fn add_bounds(&mut self, parameters: &[TypeParameter], scope: &mut Scope, at: &str) {
        let parameters = parameters.get(..PARAMETERS).unwrap_or(parameters);
        for parameter in parameters {
            scope.variables.insert(parameter.name.clone(), Type::object());
        }
        // Twice, since a bound may name a parameter that follows.
        for _ in 0..2 {
            for parameter in parameters {
                let Some(bound) = parameter.bounds.first() else { continue };
                scope.variables.insert(parameter.name.clone(), Type::object());
                let ty = self.convert(bound, scope, Place::Within, at);
                self.spend(weight(&ty));
                scope.variables.insert(parameter.name.clone(), ty);
            }
        }
    }

    /// The scope within an interface or class that another one extends with these type arguments.
    pub(super) fn scope_of_parent(&mut self, parent: &ClassType, scope: &Scope, at: &str) -> Scope {
        let mut within = Scope::default();
        let Some(class) = self.table.get(&parent.name) else { return within };
        let parameters = class.signature().0.parameters;
        self.add_bounds(&parameters, &mut within, at);
        for (parameter, argument) in parameters.iter().zip(&parent.arguments) {
            if let Argument::Exact(of) | Argument::Extends(of) = argument {
                let ty = self.convert(of, scope, Place::Within, at);
                within.variables.insert(parameter.name.clone(), ty);
            }
        }
        within
    }
}

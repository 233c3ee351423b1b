//! Nullness by annotations. They go by their simple names, since every tool has its own.

use crate::classfile::{Annotation, Attributes, Member, Part, Target};
use crate::model::{Nullness, Type};

use super::table::Table;

/// Nullness that a class or package gives all its members.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) fields: Nullness,
    pub(super) parameters: Nullness,
    pub(super) results: Nullness,
}

impl Defaults {
    /// Takes the default of a class: that of its package, of the classes around it, its own.
    pub(super) fn of(table: &Table, class: &str) -> Self {
        let mut defaults = Self::default();
        let package = class.rsplit_once('.').map_or("", |(package, _)| package);
        if let Some(info) = table.get(&format!("{package}.package-info")) {
            defaults.add(&info.file.attributes);
        }
        let nested = class.match_indices('$').map(|(at, _)| at).filter(|at| *at > 0).take(8);
        for end in nested.chain([class.len()]) {
            if let Some(around) = class.get(..end).and_then(|name| table.get(name)) {
                defaults.add(&around.file.attributes);
            }
        }
        defaults
    }

    /// Adds what a declaration has; a narrower one wins.
    pub(super) fn add(&mut self, attributes: &Attributes) {
        use Nullness::{NonNull, Nullable, Unknown};
        for annotation in &attributes.annotations {
            let (fields, parameters, results) = match annotation.simple_name() {
                "NullMarked" | "NonNullByDefault" | "EverythingIsNonnullByDefault" => {
                    (Some(NonNull), Some(NonNull), Some(NonNull))
                }
                "NullUnmarked" => (Some(Unknown), Some(Unknown), Some(Unknown)),
                "NonNullApi" => (None, Some(NonNull), Some(NonNull)),
                "NonNullFields" | "FieldsAreNonnullByDefault" => (Some(NonNull), None, None),
                "ParametersAreNonnullByDefault" => (None, Some(NonNull), None),
                "ParametersAreNullableByDefault" => (None, Some(Nullable), None),
                "ReturnTypesAreNonnullByDefault" | "ReturnValuesAreNonnullByDefault" => {
                    (None, None, Some(NonNull))
                }
                _ => continue,
            };
            self.fields = fields.unwrap_or(self.fields);
            self.parameters = parameters.unwrap_or(self.parameters);
            self.results = results.unwrap_or(self.results);
        }
    }
}

/// Returns what a list of annotations says.
fn said<'a>(list: impl IntoIterator<Item = &'a Annotation>) -> Option<Nullness> {
    let each = list.into_iter().filter_map(|annotation| match annotation.simple_name() {
        "Nullable" | "CheckForNull" | "NullableDecl" | "RecentlyNullable" | "PossiblyNull" => {
            Some(Nullness::Nullable)
        }
        // JSR-305: `@Nonnull(when = When.MAYBE)` is what `@CheckForNull` is made of.
        "Nonnull" => match annotation.when.as_deref() {
            None | Some("ALWAYS") => Some(Nullness::NonNull),
            Some("MAYBE" | "NEVER") => Some(Nullness::Nullable),
            Some(_) => None,
        },
        "NonNull" | "NotNull" | "NonNullDecl" | "RecentlyNonNull" | "NotEmpty" | "NotBlank" => {
            Some(Nullness::NonNull)
        }
        _ => None,
    });
    each.reduce(|one, other| if one == Nullness::Nullable { one } else { other })
}

fn of_part(attributes: &Attributes, part: Part, first_argument: bool) -> Option<Nullness> {
    let wanted = Target { part, first_argument };
    let of_it = attributes.type_annotations.iter().filter(|of| of.target == wanted);
    said(of_it.map(|of| &of.annotation))
}

/// A default says nothing of types that have no null, or that whoever uses them chooses.
fn with_default(own: Option<Nullness>, default: Nullness, ty: &Type) -> Nullness {
    match (ty, own) {
        (Type::Primitive(_) | Type::Void, _) => Nullness::Unknown,
        (_, Some(own)) => own,
        (Type::Variable(_), None) => Nullness::Unknown,
        (_, None) => default,
    }
}

/// Returns what is said of a field, by itself or by its getter.
pub(super) fn field(
    field: &Member,
    getter: Option<&Member>,
    default: Nullness,
    ty: &Type,
) -> Nullness {
    let of = |member: &Member| {
        said(&member.attributes.annotations)
            .or_else(|| of_part(&member.attributes, Part::Type, false))
    };
    with_default(of(field).or_else(|| getter.and_then(of)), default, ty)
}

/// Returns what is said of a parameter.
pub(super) fn parameter(method: &Member, at: usize, default: Nullness, ty: &Type) -> Nullness {
    let of_type = || {
        let at = u8::try_from(at).ok()?;
        of_part(&method.attributes, Part::Parameter(at), false)
    };
    let own = method.attributes.parameter_annotations.get(at).and_then(said);
    with_default(own.or_else(of_type), default, ty)
}

/// Returns what is said of a result. What is said of a future says nothing of what it brings.
pub(super) fn result(method: &Member, is_future: bool, default: Nullness, ty: &Type) -> Nullness {
    let of_type = of_part(&method.attributes, Part::Type, is_future);
    let own = if is_future { None } else { said(&method.attributes.annotations) };
    with_default(own.or(of_type), default, ty)
}

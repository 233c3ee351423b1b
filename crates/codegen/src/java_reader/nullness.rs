//! Nullness by annotations. They go by their simple names, since every tool has its own.

use crate::classfile::{Annotation, Attributes, Member, Part, Step, When};
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
            let (fields, parameters, results) = match annotation.name {
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
    let each = list.into_iter().filter_map(|annotation| match annotation.name {
        "Nullable" | "CheckForNull" | "NullableDecl" | "RecentlyNullable" | "PossiblyNull" => {
            Some(Nullness::Nullable)
        }
        // JSR-305: `@Nonnull(when = When.MAYBE)` is what `@CheckForNull` is made of.
        "Nonnull" => match annotation.when {
            When::Always => Some(Nullness::NonNull),
            When::Maybe | When::Never => Some(Nullness::Nullable),
            When::Unknown => None,
        },
        "NonNull" | "NotNull" | "NonNullDecl" | "RecentlyNonNull" | "NotEmpty" | "NotBlank" => {
            Some(Nullness::NonNull)
        }
        _ => None,
    });
    each.reduce(|one, other| if one == Nullness::Nullable { one } else { other })
}

/// The way to what a `CompletableFuture` brings.
const BROUGHT: &[Step] = &[Step::Argument(0)];

fn of_part(attributes: &Attributes, part: Part, path: &[Step]) -> Option<Nullness> {
    let of_it = attributes
        .type_annotations
        .iter()
        .filter(|of| of.target.part == part && of.target.path == path);
    said(of_it.map(|of| &of.annotation))
}

/// Marks the type arguments and elements of which a declaration says that they may be null, in the type of a part of it.
/// Of a future, it is the type of what that brings.
pub(super) fn mark(ty: &mut Type, member: &Member, part: Part, is_future: bool) {
    let start = if is_future { BROUGHT } else { &[] };
    for of in member.attributes.type_annotations.iter().filter(|of| of.target.part == part) {
        match of.target.path.strip_prefix(start) {
            Some(path)
                if !path.is_empty() && said([&of.annotation]) == Some(Nullness::Nullable) =>
            {
                mark_at(ty, path);
            }
            _ => {}
        }
    }
}

/// Marks the type at the end of a path, if the type has it: `Object` may stand for another one.
fn mark_at(ty: &mut Type, path: &[Step]) {
    match (path.split_first(), ty) {
        (Some(_), Type::Nullable(of)) => mark_at(of, path),
        (None, Type::Nullable(_) | Type::Primitive(_) | Type::Void) => {}
        (None, ty) => {
            let of = std::mem::replace(ty, Type::Void);
            *ty = Type::Nullable(Box::new(of));
        }
        // To Kotlin an array is a class with an argument.
        (Some((Step::Element | Step::Argument(0), rest)), Type::Array(of)) => mark_at(of, rest),
        (Some((Step::Argument(at), rest)), Type::Class { arguments, .. }) => {
            if let Some(of) = arguments.get_mut(usize::from(*at)) {
                mark_at(of, rest);
            }
        }
        (Some((Step::Bound, rest)), ty) => mark_at(ty, rest),
        (Some(_), _) => {}
    }
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
            .or_else(|| of_part(&member.attributes, Part::Type, &[]))
    };
    with_default(of(field).or_else(|| getter.and_then(of)), default, ty)
}

/// Returns what is said of a parameter.
pub(super) fn parameter(method: &Member, at: usize, default: Nullness, ty: &Type) -> Nullness {
    let of_type = || {
        let at = u8::try_from(at).ok()?;
        of_part(&method.attributes, Part::Parameter(at), &[])
    };
    let own = method.attributes.parameter_annotations.iter();
    let own = said(own.filter(|(of, _)| usize::from(*of) == at).map(|(_, annotation)| annotation));
    with_default(own.or_else(of_type), default, ty)
}

/// Returns what is said of a result. What is said of a future says nothing of what it brings.
pub(super) fn result(method: &Member, is_future: bool, default: Nullness, ty: &Type) -> Nullness {
    let path = if is_future { BROUGHT } else { &[] };
    let of_type = of_part(&method.attributes, Part::Type, path);
    let own = if is_future { None } else { said(&method.attributes.annotations) };
    with_default(own.or(of_type), default, ty)
}

#[cfg(test)]
mod tests {
    use super::{Step, mark_at};
    use crate::model::{Primitive, Type};

    #[test]
    fn paths_lead_to_what_may_be_null() {
        let int = Type::Array(Box::new(Type::Primitive(Primitive::Int)));
        let list = Type::Class { name: "L".into(), arguments: vec![Type::class("S"), int] };
        let whole = Type::Class { name: "M".into(), arguments: vec![list] };
        let marked = |paths: &[&[Step]]| {
            let mut ty = whole.clone();
            for path in paths {
                mark_at(&mut ty, path);
            }
            ty.to_string()
        };
        let [first, second] = [Step::Argument(0), Step::Argument(1)];
        assert_eq!(marked(&[&[first]]), "M<@Nullable L<S, int[]>>");
        assert_eq!(marked(&[&[first, Step::Bound], &[first]]), "M<@Nullable L<S, int[]>>");
        assert_eq!(
            marked(&[&[first], &[first, first], &[first, second]]),
            "M<@Nullable L<@Nullable S, @Nullable int[]>>"
        );
        // A primitive is never null, and what is not there is not marked.
        for path in [&[first, second, Step::Element][..], &[second], &[Step::Element], &[first; 9]]
        {
            assert_eq!(marked(&[path]), whole.to_string());
        }
    }
}

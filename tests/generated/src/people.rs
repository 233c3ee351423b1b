//! `org.example.people`: names, superclasses, a service.

use dubhe_codegen::model::{Declared, Kind};

use crate::make::{constants, object, service};

pub(crate) fn types() -> Vec<Declared> {
    let mut address = object("Address", "String street; String city; int zip");
    address.doc = Some("Where somebody lives.\n\n```\nnew Address()\n```".to_owned());
    let mut users = service(
        "Users",
        &[
            "User find(long id)",
            "@NonNull String greet(String name, @Nullable Integer age)",
            "@Deprecated void remove(User user)",
            "Employee promote(User user, CharSequence title, Number raise)",
        ],
    );
    users.doc = Some("Who is known.".to_owned());
    if let Kind::Service(of) = &mut users.kind {
        of.version = Some("1.0.0".to_owned());
        of.group = Some("staff".to_owned());
        if let Some(find) = of.methods.first_mut() {
            find.doc = Some("The user of that number, `null` if there is none.".to_owned());
        }
    }
    vec![
        address,
        constants("Colour", "RED, DARK_BLUE, V1_2, Self, @Deprecated pink"),
        object(
            "User",
            "long id; String firstName; Integer age; @NonNull String login; Address home; \
             List<Address> others; Map<String, Object> extra; @Deprecated Colour likes; String URL; \
             int a_b; int aB; String type; String self",
        ),
        object("Employee extends User", "String title; User boss"),
        object("Parent", "String kind; int onlyParent"),
        object("Child extends Parent", "String kind; int onlyChild"),
        users,
    ]
}

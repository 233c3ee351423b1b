use super::*;

const SOURCE: &str = r#"
/* The licence. */
package org.example;

import java.util.List;

/**
 * Orders of {@link Customer}s, {@code a < b}.
 * <p>
 * Second &lt;paragraph&gt; of [brackets]:
 * <ul>
 *   <li>one
 *   <li><b>two</b> at http://example.org/a.
 * </ul>
 * <pre>{@code
 * @Override
 *   List<String> x;
 * }</pre>
 * @author somebody
 * @since 1.2
 */
@Path(value = "/{id}", types = {"a", "b"})
public interface Orders<T extends Comparable<T>> extends Base<T, List<T>> {
    /** A constant. */
    String NAME = new Object() { /** no */ int inner; }.toString();

    /**
     * Finds one.
     *
     * @param id its number, see {@link #list(int, String) the list}
     * @param <X> a type
     * @return the order,
     *     or null
     * @throws NotFound if there is none
     */
    @Nullable <X extends T> X find(@Min(1) final long id) throws NotFound;

    /** By text. */
    List<Order> list(int page, java.lang.String... texts);

    /** By map. */
    List<Order> list(int page, Map<String, List<int[]>> by);

    default void helper() { if (true) { String s = "}"; } }

    /** The state. */
    enum State {
        /** Not paid. */
        @Deprecated NEW("n"),
        /** Paid. */ PAID("p") { @Override int x() { return 1; } };
        /** The code. */
        private final String code;
        State(String code) { this.code = code; }
    }

    /**
     * A line.
     * @param amount how many
     */
    record Line(int amount, String[] names) {}

    class Order {
        /** First. */
        private int a = 1, b;
        /** Rows. */
        Map<String, int[]> rows;
        /** Cells. */
        int cells[];
    }
}
"#;

fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add(SOURCE);
    sources
}

#[test]
fn comments_become_markdown() {
    let sources = sources();
    let expected = "Orders of `Customer`s, `a < b`.

Second \\<paragraph> of \\[brackets\\]:

- one
- **two** at <http://example.org/a>.

```text
@Override
  List<String> x;
```

Since 1.2";
    let doc = sources.get("org.example.Orders").unwrap().doc().unwrap();
    assert_eq!(doc, expected);
}

#[test]
fn methods_are_found_by_their_parameters() {
    let sources = sources();
    let orders = sources.get("org.example.Orders").unwrap();
    let find = orders.method("find", &["long".into()]).unwrap();
    assert_eq!(find.parameters, ["id"]);
    let expected = "Finds one.

Parameters:
- `id`: its number, see the list
- `X`: a type

Returns: the order,
or null

Throws:
- `NotFound`: if there is none";
    assert_eq!(find.doc.unwrap(), expected);
    let by_text = orders.method("list", &["int".into(), "String[]".into()]).unwrap();
    assert_eq!(by_text.doc.unwrap(), "By text.");
    let by_map = orders.method("list", &["int".into(), "Map".into()]).unwrap();
    assert_eq!(by_map.doc.unwrap(), "By map.");
    assert_eq!(by_map.parameters, ["page", "by"]);
    assert_eq!(orders.method("list", &["int".into()]), None);
    assert_eq!(orders.method("helper", &[]).unwrap().doc, None);
}

#[test]
fn fields_and_constants_are_found() {
    let sources = sources();
    let of = |ty: &str, field: &str| sources.get(ty).unwrap().field(field);
    assert_eq!(of("org.example.Orders", "NAME").unwrap(), "A constant.");
    assert_eq!(of("org.example.Orders$State", "NEW").unwrap(), "Not paid.");
    assert_eq!(of("org.example.Orders$State", "PAID").unwrap(), "Paid.");
    assert_eq!(of("org.example.Orders$State", "code").unwrap(), "The code.");
    assert_eq!(of("org.example.Orders$Line", "amount").unwrap(), "how many");
    assert_eq!(of("org.example.Orders$Line", "names"), None);
    assert_eq!(of("org.example.Orders$Order", "a").unwrap(), "First.");
    assert_eq!(of("org.example.Orders$Order", "rows").unwrap(), "Rows.");
    assert_eq!(of("org.example.Orders$Order", "cells").unwrap(), "Cells.");
    assert_eq!(of("org.example.Orders$Order", "inner"), None);
}

#[test]
fn markdown_comments_stay() {
    let mut sources = Sources::default();
    sources.add("/// Some *text*.\n///\n///     code\n/// @param a one\nclass A { int b; }");
    let expected = "Some *text*.\n\n    code\n\nDeprecated:";
    assert_ne!(sources.get("A").unwrap().doc().unwrap(), expected);
    assert_eq!(
        sources.get("A").unwrap().doc().unwrap(),
        "Some *text*.\n\n    code\n\nParameters:\n- `a`: one"
    );
}

#[test]
fn cut_and_changed_sources_do_not_panic() {
    for at in (0..SOURCE.len()).filter(|at| SOURCE.is_char_boundary(*at)) {
        for source in [SOURCE[..at].to_owned(), format!("{}{}", &SOURCE[..at], &SOURCE[at + 1..])] {
            let mut sources = Sources::default();
            sources.add(&source);
            for of in sources.types.values() {
                let _ = of.doc();
                for member in &of.members {
                    let _ = (of.field(&member.name), of.method(&member.name, &["int".into()]));
                }
            }
        }
    }
}

#[test]
fn hostile_sources_take_linear_time() {
    for part in
        ["{", "class A {", "/**", "@A(", "<", "int a<b,", "{@code ", "\"", "int a[", "/// a\n", "&"]
    {
        let mut sources = Sources::default();
        let text = part.repeat(100_000);
        sources.add(&text);
        sources.add(&format!("/** {text} */ class B {{ }}"));
        let _ = sources.get("B").and_then(TypeDoc::doc);
    }
}

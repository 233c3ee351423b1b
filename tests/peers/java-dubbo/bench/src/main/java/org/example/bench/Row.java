package org.example.bench;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

/** The object of ten fields that the Hessian2 timings of all languages share. */
public class Row implements Serializable {
    private static final long serialVersionUID = 1;

    public long id;
    public int count;
    public double score;
    public boolean active;
    public Date created;
    public String name;
    public String email;
    public String city;
    public String note;
    public List<String> tags;

    /** Row {@code i} of the list; the Go and Rust programs build the same one. */
    public static Row of(int i) {
        Row r = new Row();
        r.id = 1_000_000_007L * i;
        r.count = 1_000 + i;
        r.score = i + 0.25;
        r.active = i % 2 == 0;
        r.created = new Date(1_700_000_000_001L + i);
        r.name = "name-" + i;
        r.email = "user" + i + "@example.org";
        r.city = "Hangzhou";
        r.note = "forty characters of text, plain ASCII, x";
        r.tags = new ArrayList<>(List.of("alpha", "beta", "tag-" + i % 10));
        return r;
    }

    /** The list that is encoded and decoded. */
    public static List<Row> list(int size) {
        List<Row> rows = new ArrayList<>(size);
        for (int i = 0; i < size; i++) rows.add(of(i));
        return rows;
    }

    @Override public boolean equals(Object other) {
        return other instanceof Row r && id == r.id && count == r.count && score == r.score && active == r.active
                && created.equals(r.created) && name.equals(r.name) && email.equals(r.email) && city.equals(r.city)
                && note.equals(r.note) && tags.equals(r.tags);
    }

    @Override public int hashCode() { return Long.hashCode(id); }
}

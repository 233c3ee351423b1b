package org.example.orders;

/** The shop has not as much of an article. */
public class OutOfStock extends Exception {
    private final String article;
    private final int left;

    public OutOfStock(String article, int left) {
        super(left + " of " + article + " are left");
        this.article = article;
        this.left = left;
    }

    public String getArticle() { return article; }
    public int getLeft() { return left; }
}

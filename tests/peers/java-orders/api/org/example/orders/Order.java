package org.example.orders;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** An order. */
public class Order implements Serializable {
    /** The state of an order. */
    public enum State { OPEN, PAID, SENT }

    /** So much of an article. */
    public static class Line implements Serializable {
        private String article;
        private int amount;
        private BigDecimal price;

        public String getArticle() { return article; }
        public void setArticle(String article) { this.article = article; }
        public int getAmount() { return amount; }
        public void setAmount(int amount) { this.amount = amount; }
        public BigDecimal getPrice() { return price; }
        public void setPrice(BigDecimal price) { this.price = price; }
    }

    private long number;
    private String customer;
    private State state;
    private List<Line> lines = new ArrayList<>();

    public long getNumber() { return number; }
    public void setNumber(long number) { this.number = number; }
    public String getCustomer() { return customer; }
    public void setCustomer(String customer) { this.customer = customer; }
    public State getState() { return state; }
    public void setState(State state) { this.state = state; }
    public List<Line> getLines() { return lines; }
    public void setLines(List<Line> lines) { this.lines = lines; }
}

package peer.api;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.*;
import java.util.*;
import java.util.concurrent.TimeUnit;

/** Fields of the types of JsonService. */
public class Invoice implements Serializable {
    public static class Line implements Serializable {
        private String name;
        private int count;
        private BigDecimal price;

        public String getName() { return name; }
        public void setName(String name) { this.name = name; }
        public int getCount() { return count; }
        public void setCount(int count) { this.count = count; }
        public BigDecimal getPrice() { return price; }
        public void setPrice(BigDecimal price) { this.price = price; }
    }

    private BigInteger number;
    private BigDecimal total;
    private Date created;
    private LocalDate due;
    private Duration grace;
    private TimeUnit unit;
    private UUID id;
    private Currency currency;
    private float discount;
    private boolean paid;
    private List<Line> lines;
    private Map<Integer, Line> byCount;

    public BigInteger getNumber() { return number; }
    public void setNumber(BigInteger number) { this.number = number; }
    public BigDecimal getTotal() { return total; }
    public void setTotal(BigDecimal total) { this.total = total; }
    public Date getCreated() { return created; }
    public void setCreated(Date created) { this.created = created; }
    public LocalDate getDue() { return due; }
    public void setDue(LocalDate due) { this.due = due; }
    public Duration getGrace() { return grace; }
    public void setGrace(Duration grace) { this.grace = grace; }
    public TimeUnit getUnit() { return unit; }
    public void setUnit(TimeUnit unit) { this.unit = unit; }
    public UUID getId() { return id; }
    public void setId(UUID id) { this.id = id; }
    public Currency getCurrency() { return currency; }
    public void setCurrency(Currency currency) { this.currency = currency; }
    public float getDiscount() { return discount; }
    public void setDiscount(float discount) { this.discount = discount; }
    public boolean isPaid() { return paid; }
    public void setPaid(boolean paid) { this.paid = paid; }
    public List<Line> getLines() { return lines; }
    public void setLines(List<Line> lines) { this.lines = lines; }
    public Map<Integer, Line> getByCount() { return byCount; }
    public void setByCount(Map<Integer, Line> byCount) { this.byCount = byCount; }
}

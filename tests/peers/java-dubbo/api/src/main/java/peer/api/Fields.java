package peer.api;

import java.io.Serializable;
import java.time.*;
import java.util.*;
import java.util.concurrent.TimeUnit;

/** A field of each type of JsonService that Invoice has not. */
public class Fields implements Serializable {
    public java.sql.Date sqlDate;
    public java.sql.Time sqlTime;
    public java.sql.Timestamp timestamp;
    public Calendar calendar;
    public Instant instant;
    public LocalTime localTime;
    public LocalDateTime localDateTime;
    public ZonedDateTime zonedDateTime;
    public OffsetDateTime offsetDateTime;
    public OffsetTime offsetTime;
    public Period period;
    public Year year;
    public YearMonth yearMonth;
    public MonthDay monthDay;
    public ZoneId zoneId;
    public Locale locale;
    public Month month;
    public Color color;
    public BitSet bits;
    public byte[] bytes;
    public char[] chars;
    public float[] floats;
    public Float rate;
    public Character letter;
    public Set<TimeUnit> units;
    public List<byte[]> parts;
    public Map<TimeUnit, Integer> byUnit;
    public Map<UUID, String> byId;
    public Map<String, String> texts;
    public Object any;
}

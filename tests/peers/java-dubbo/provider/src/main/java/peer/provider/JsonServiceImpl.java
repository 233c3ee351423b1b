package peer.provider;

import peer.api.Color;
import peer.api.Fields;
import peer.api.Invoice;
import peer.api.JsonService;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.*;
import java.util.*;
import java.util.concurrent.TimeUnit;

public class JsonServiceImpl implements JsonService {
    @Override public boolean bool(boolean v) { return v; }
    @Override public byte byteValue(byte v) { return v; }
    @Override public short shortValue(short v) { return v; }
    @Override public int intValue(int v) { return v; }
    @Override public long longValue(long v) { return v; }
    @Override public float floatValue(float v) { return v; }
    @Override public double doubleValue(double v) { return v; }
    @Override public char charValue(char v) { return v; }
    @Override public Integer boxedInt(Integer v) { return v; }
    @Override public Float boxedFloat(Float v) { return v; }
    @Override public Boolean boxedBool(Boolean v) { return v; }
    @Override public String text(String v) { return v; }
    @Override public BigDecimal bigDecimal(BigDecimal v) { return v; }
    @Override public BigInteger bigInteger(BigInteger v) { return v; }
    @Override public Date date(Date v) { return v; }
    @Override public java.sql.Date sqlDate(java.sql.Date v) { return v; }
    @Override public java.sql.Time sqlTime(java.sql.Time v) { return v; }
    @Override public java.sql.Timestamp timestamp(java.sql.Timestamp v) { return v; }
    @Override public Calendar calendar(Calendar v) { return v; }
    @Override public Instant instant(Instant v) { return v; }
    @Override public LocalDate localDate(LocalDate v) { return v; }
    @Override public LocalTime localTime(LocalTime v) { return v; }
    @Override public LocalDateTime localDateTime(LocalDateTime v) { return v; }
    @Override public ZonedDateTime zonedDateTime(ZonedDateTime v) { return v; }
    @Override public OffsetDateTime offsetDateTime(OffsetDateTime v) { return v; }
    @Override public OffsetTime offsetTime(OffsetTime v) { return v; }
    @Override public Duration duration(Duration v) { return v; }
    @Override public Period period(Period v) { return v; }
    @Override public Year year(Year v) { return v; }
    @Override public YearMonth yearMonth(YearMonth v) { return v; }
    @Override public MonthDay monthDay(MonthDay v) { return v; }
    @Override public ZoneId zoneId(ZoneId v) { return v; }
    @Override public ZoneOffset zoneOffset(ZoneOffset v) { return v; }
    @Override public DayOfWeek dayOfWeek(DayOfWeek v) { return v; }
    @Override public Month month(Month v) { return v; }
    @Override public TimeUnit timeUnit(TimeUnit v) { return v; }
    @Override public Color color(Color v) { return v; }
    @Override public UUID uuid(UUID v) { return v; }
    @Override public Currency currency(Currency v) { return v; }
    @Override public Locale locale(Locale v) { return v; }
    @Override public byte[] bytes(byte[] v) { return v; }
    @Override public int[] ints(int[] v) { return v; }
    @Override public char[] chars(char[] v) { return v; }
    @Override public float[] floats(float[] v) { return v; }
    @Override public String[] strings(String[] v) { return v; }
    @Override public BigDecimal[] bigDecimals(BigDecimal[] v) { return v; }
    @Override public List<Long> longList(List<Long> v) { return v; }
    @Override public List<BigDecimal> bigDecimalList(List<BigDecimal> v) { return v; }
    @Override public List<Date> dateList(List<Date> v) { return v; }
    @Override public List<Integer> intList(List<Integer> v) { return v; }
    @Override public List<TimeUnit> timeUnitList(List<TimeUnit> v) { return v; }
    @Override public Set<LocalDate> localDateSet(Set<LocalDate> v) { return v; }
    @Override public Map<Integer, String> byInt(Map<Integer, String> v) { return v; }
    @Override public Map<Long, BigDecimal> byLong(Map<Long, BigDecimal> v) { return v; }
    @Override public Map<LocalDate, Date> byDate(Map<LocalDate, Date> v) { return v; }
    @Override public Map<String, byte[]> bytesByName(Map<String, byte[]> v) { return v; }
    @Override public Map<TimeUnit, Integer> byUnit(Map<TimeUnit, Integer> v) { return v; }
    @Override public Map<UUID, String> byId(Map<UUID, String> v) { return v; }
    @Override public List<byte[]> bytesList(List<byte[]> v) { return v; }
    @Override public List<Float> floatList(List<Float> v) { return v; }
    @Override public BitSet bitSet(BitSet v) { return v; }
    @Override public Object any(Object v) { return v; }
    @Override public Fields fields(Fields v) { return v; }
    @Override public Invoice invoice(Invoice v) { return v; }
}

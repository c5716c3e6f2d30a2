package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a journal as a person names it. Immutable.
 *
 * @param kind  how
 * @param value an index, a moment in nanoseconds since 1970, or nanoseconds before or after the reference
 */
record Position(Kind kind, long value) {
    static final String SYNTAX = "an index, a time in UTC such as 2026-01-31T12:00:00.5Z or 2026-01-31, "
            + "-5m (before the newest entry) or +5m (after the oldest); ms, s, m, h, d";
    private static final Pattern RELATIVE = Pattern.compile("([+-])(\\d{1,9})(ms|s|m|h|d)");

    /** How a place is named. */
    enum Kind {
        INDEX,
        TIME,
        /** So long before the newest entry. */
        BEFORE_NEWEST,
        /** So long after the oldest. */
        AFTER_OLDEST
    }

    static final class Converter implements ITypeConverter<Position> {
        @Override
        public Position convert(String text) {
            return Position.parse(text);
        }
    }

    static Position parse(String text) {
        if (text.matches("\\d{1,18}")) {
            return new Position(Kind.INDEX, Long.parseLong(text));
        }
        Matcher relative = RELATIVE.matcher(text);
        if (relative.matches()) {
            long unitNanos = switch (relative.group(3)) {
                case "ms" -> 1_000_000L;
                case "s" -> 1_000_000_000L;
                case "m" -> 60_000_000_000L;
                case "h" -> 3_600_000_000_000L;
                default -> 86_400_000_000_000L;
            };
            long nanos = Long.parseLong(relative.group(2)) * unitNanos;
            return new Position(relative.group(1).equals("-") ? Kind.BEFORE_NEWEST : Kind.AFTER_OLDEST, nanos);
        }
        try {
            return new Position(Kind.TIME, nanos(instant(text)));
        } catch (DateTimeException | ArithmeticException e) {
            throw new TypeConversionException("'" + text + "' is not " + SYNTAX);
        }
    }

    private static Instant instant(String text) {
        if (text.length() <= 10) {
            return LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC);
        }
        String iso = text.replace(' ', 'T');
        return iso.endsWith("Z") || iso.lastIndexOf('+') > 10 ? java.time.OffsetDateTime.parse(iso).toInstant()
                : LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC);
    }

    private static long nanos(Instant instant) {
        return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), 1_000_000_000L), instant.getNano());
    }

    /** The moment it names in this journal; not for an index. */
    long epochNanos(JournalReader reader) {
        if (kind == Kind.TIME) {
            return value;
        }
        JournalEntry entry = new JournalEntry();
        boolean found = reader.read(kind == Kind.BEFORE_NEWEST ? reader.lastIndex() : reader.firstIndex(), entry);
        return !found ? 0 : kind == Kind.BEFORE_NEWEST ? entry.epochNanos() - value : entry.epochNanos() + value;
    }
}

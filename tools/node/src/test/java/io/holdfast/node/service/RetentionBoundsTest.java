package io.holdfast.node.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.node.config.RetainConfig;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which entries go by their age and which by the size of all, with a clock that is set by hand. */
class RetentionBoundsTest {
    private static final long MIB = 1 << 20;
    private static final long BEGIN_MS = 1_790_000_000_000L;

    @TempDir
    Path dir;
    private Journal journal;
    private long nowMs = BEGIN_MS;

    @BeforeEach
    void open() {
        journal = Journal.open(dir, JournalOptions.DEFAULT.withBlockBytes(1 << 20).withRollBytes(MIB));
    }

    @AfterEach
    void close() {
        journal.close();
    }

    @Test
    void entriesGoWhenTheyAreOlderThanAllowedAndNotBefore() {
        Retention retention = retention(64 * MIB, 3_000);
        append(100, 100, 10);
        nowMs = BEGIN_MS + 3_000;
        assertThat(retention.keepFrom(journal)).as("entry 1 is as old as it may be").isEqualTo(1);
        assertThat(retention.isAged(journal)).isFalse();
        nowMs = BEGIN_MS + 3_250;
        assertThat(retention.keepFrom(journal)).as("entry 26 is 3,000 ms old").isEqualTo(26);
        assertThat(retention.isAged(journal)).as("not worth the work yet").isFalse();
        nowMs = BEGIN_MS + 3_375 + 11;
        assertThat(retention.isAged(journal)).as("entries are an eighth older than they may be").isTrue();
        drop(retention.keepFrom(journal));
        assertThat(journal.floorIndex()).isEqualTo(39);
        assertThat(retention.isAged(journal)).as("what is left is not too old").isFalse();
        nowMs = BEGIN_MS + 60_000;
        assertThat(retention.isAged(journal)).isTrue();
        assertThat(retention.keepFrom(journal)).as("all are too old").isEqualTo(101);
    }

    @Test
    void withoutABoundOnTheAgeEntriesStayHoweverOld() {
        Retention retention = retention(64 * MIB, 0);
        append(100, 100, 10);
        nowMs = BEGIN_MS + TimeUnit.DAYS.toMillis(365);
        assertThat(retention.isAged(journal)).isFalse();
        assertThat(retention.keepFrom(journal)).isZero();
    }

    @Test
    void entriesGoBySizeThoughTheyAreYoungAndByAgeWhereThatIsMore() {
        append(9_000, 1_000, 1);
        assertThat(journal.bytesHeld()).isGreaterThan(9 * MIB);
        nowMs = BEGIN_MS + 3_000;
        long bySize = retention(8 * MIB, 0).keepFrom(journal);
        assertThat(bySize).isEqualTo(journal.firstIndexWithin(4 * MIB)).isGreaterThan(4_000);
        assertThat(retention(8 * MIB, 3_000).keepFrom(journal)).as("none is too old").isEqualTo(bySize);
        nowMs = BEGIN_MS + 3_000 + bySize + 500;
        assertThat(retention(8 * MIB, 3_000).keepFrom(journal)).as("more are too old than too many").isEqualTo(bySize + 501);
    }

    private Retention retention(long maxBytes, long maxAgeMs) {
        return new Retention(new RetainConfig(maxBytes, maxAgeMs, RetainConfig.Mode.DELETE, null),
                () -> TimeUnit.MILLISECONDS.toNanos(nowMs));
    }

    /** So many entries, the first at {@link #BEGIN_MS}. */
    private void append(int count, int bytes, int everyMs) {
        for (int i = 0; i < count; i++) {
            byte[] command = Command.encode(EntryKind.EVENT, 0, TimeUnit.MILLISECONDS.toNanos(BEGIN_MS + (long) i * everyMs),
                    new byte[bytes]);
            journal.append(1, false, command, 0, command.length);
        }
    }

    private void drop(long from) {
        journal.commitIndex(journal.lastIndex());
        journal.saveSnapshot(journal.lastIndex(), 1, new byte[0]);
        journal.dropBefore(from);
    }
}

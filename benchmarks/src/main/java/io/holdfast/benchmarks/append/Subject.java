package io.holdfast.benchmarks.append;

import io.holdfast.journal.Command;
import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.EntrySource;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.jgroups.protocols.raft.FileBasedLog;
import org.jgroups.protocols.raft.InMemoryLog;
import org.jgroups.protocols.raft.LogEntries;
import org.jgroups.protocols.raft.LogEntry;

/** The logs that are measured. */
enum Subject {
    /** Holdfast's. */
    JOURNAL("journal"),
    /**
     * What comes with jgroups-raft. It forces each batch or none; beside {@link Durability#INTERVAL} it forces none, and a thread
     * forces its file as often as the journal forces its own, so that both promise the same.
     */
    FILE_BASED_LOG("jgroups-raft FileBasedLog"),
    /** The floor: keeps nothing, whatever is asked for. */
    IN_MEMORY_LOG("jgroups-raft InMemoryLog");

    /** Where FileBasedLog keeps its entries (jgroups-raft, {@code LogEntryStorage.FILE_NAME}). */
    private static final String FILE_BASED_LOG_NAME = "entries.raft";

    private final String title;

    Subject(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    Log open(Path dir, AppendSetting setting) throws Exception {
        byte[] command = Command.encode(EntryKind.PACKET, 0, 1, new byte[setting.bytes() - Command.HEADER_BYTES]);
        return switch (this) {
            case JOURNAL -> new OurLog(dir, setting, command);
            case FILE_BASED_LOG -> {
                FileBasedLog log = new FileBasedLog();
                log.useFsync(setting.durability() == Durability.DISK);
                log.init(dir.toString(), Map.of());
                LibraryLog each = new LibraryLog(log, setting, command);
                yield setting.durability() == Durability.INTERVAL
                        ? new ForcedBeside(each, dir.resolve(FILE_BASED_LOG_NAME), JournalOptions.DEFAULT.syncIntervalMs()) : each;
            }
            case IN_MEMORY_LOG -> {
                InMemoryLog log = new InMemoryLog();
                log.init(dir.toString(), Map.of());
                yield new LibraryLog(log, setting, command);
            }
        };
    }

    private static final class OurLog implements Log, EntrySource {
        private final Journal journal;
        private final AppendSetting setting;
        private final byte[] command;
        private int left;

        OurLog(Path dir, AppendSetting setting, byte[] command) {
            this.setting = setting;
            this.command = command;
            journal = Journal.open(dir, JournalOptions.DEFAULT.withDurability(setting.durability()));
        }

        @Override
        public void append() {
            if (setting.batch() == 1) {
                journal.append(1, false, command, 0, command.length);
            } else {
                left = setting.batch();
                journal.append(this);
            }
            if (setting.durability() == Durability.DISK) {
                journal.sync();
            }
        }

        @Override
        public boolean next() {
            return left-- > 0;
        }

        @Override
        public long term() {
            return 1;
        }

        @Override
        public boolean internal() {
            return false;
        }

        @Override
        public byte[] buffer() {
            return command;
        }

        @Override
        public int offset() {
            return 0;
        }

        @Override
        public int length() {
            return command.length;
        }

        @Override
        public void close() {
            journal.close();
        }
    }

    /** The entries around the command are made once, which favours it. */
    private static final class LibraryLog implements Log {
        private final org.jgroups.protocols.raft.Log log;
        private final LogEntries entries = new LogEntries();
        private long last;

        LibraryLog(org.jgroups.protocols.raft.Log log, AppendSetting setting, byte[] command) {
            this.log = log;
            LogEntry[] batch = new LogEntry[setting.batch()];
            Arrays.fill(batch, new LogEntry(1, command));
            entries.add(batch);
        }

        @Override
        public void append() {
            last = log.append(last + 1, entries);
        }

        @Override
        public void close() throws Exception {
            log.close();
            if (log instanceof InMemoryLog) {
                log.delete();   // from the list of all that are open
            }
        }
    }
}

package io.holdfast.benchmarks.append;

import io.holdfast.journal.Command;
import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jgroups.protocols.raft.FileBasedLog;
import org.jgroups.protocols.raft.LogEntries;
import org.jgroups.protocols.raft.LogEntry;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One entry appended after the other by one thread, to a log on this machine's disk. Each iteration has a log of its
 * own, so that disk use stays bounded and each pays for its fresh pages.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AppendBenchmark {

    private static final String PREFIX = "holdfast-append-";

    /** Where the logs are: on a file system in memory, forcing to disk costs nothing. */
    static String fileSystem() throws IOException {
        Path probe = Files.createTempDirectory(PREFIX);
        try {
            return Files.getFileStore(probe).type();
        } finally {
            Files.delete(probe);
        }
    }

    /** What an entry survives once append has returned. */
    public enum Survives {
        /** The death of the process. */
        PROCESS,
        /** A power cut as well: forced to the disk, each entry by itself. */
        DISK
    }

    /** A directory that lasts for an iteration. Owned by the benchmark's thread. */
    @State(Scope.Thread)
    public abstract static class LogOnDisk {
        @Param({"PROCESS", "DISK"})
        public Survives survives;

        @Param("256")
        public int bytes;

        byte[] command;
        private Path dir;

        @Setup(Level.Iteration)
        public void begin() throws Exception {
            dir = Files.createTempDirectory(PREFIX);
            command = Command.encode(EntryKind.PACKET, 0, 1, new byte[bytes - Command.HEADER_BYTES]);
            open(dir.resolve("log"));
        }

        @TearDown(Level.Iteration)
        public void end() throws IOException {
            close();
            try (Stream<Path> files = Files.walk(dir)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }

        abstract void open(Path where) throws Exception;

        abstract void close();
    }

    /** Holdfast's. */
    public static class OurJournal extends LogOnDisk {
        private Journal journal;

        @Override
        void open(Path where) {
            journal = Journal.open(where, JournalOptions.DEFAULT.withDurability(
                    survives == Survives.DISK ? Durability.DISK : Durability.PROCESS));
        }

        long append() {
            long index = journal.append(1, false, command, 0, command.length);
            if (survives == Survives.DISK) {
                journal.sync();
            }
            return index;
        }

        @Override
        void close() {
            journal.close();
        }
    }

    /** What comes with jgroups-raft. The entry around the command is made once, which favours it. */
    public static class LibraryLog extends LogOnDisk {
        private FileBasedLog log;
        private LogEntries entries;
        private long next;

        @Override
        void open(Path where) throws Exception {
            log = new FileBasedLog();
            log.useFsync(survives == Survives.DISK);
            log.init(where.toString(), Map.of());
            entries = LogEntries.create(new LogEntry(1, command));
            next = 1;
        }

        long append() {
            return log.append(next++, entries);
        }

        @Override
        void close() {
            log.close();
        }
    }

    @Benchmark
    public long journal(OurJournal log) {
        return log.append();
    }

    @Benchmark
    public long fileBasedLog(LibraryLog log) {
        return log.append();
    }
}

package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalException;
import io.holdfast.journal.JournalReader;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The journal a subcommand of {@code inspect} is asked about. A {@link JournalException} ends it with exit code 2. */
public final class JournalArgument {
    private static final String CYCLE_FILE = ".cq4";

    @Parameters(index = "0", paramLabel = "JOURNAL", description = "directory of the journal")
    private Path dir;

    /** The directory; throws when it can be no journal. */
    public Path dir() {
        requireJournal(dir);
        return dir;
    }

    public JournalReader open() {
        return open(dir);
    }

    /** A reader of this directory, for who takes more than one. */
    public static JournalReader open(Path dir) {
        requireJournal(dir);
        return JournalReader.open(dir);
    }

    static void requireJournal(Path dir) {
        try {
            if (Files.isDirectory(dir) && holdsCycleFiles(dir)) {
                return;
            }
        } catch (IOException e) {
            throw new JournalException(dir, -1, "cannot be listed: " + e, e);
        }
        throw new JournalException(dir, -1, "is not a journal: that is the directory 'journal' of a service, "
                + "with files that end in " + CYCLE_FILE);
    }

    private static boolean holdsCycleFiles(Path dir) throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.anyMatch(file -> file.getFileName().toString().endsWith(CYCLE_FILE));
        }
    }
}

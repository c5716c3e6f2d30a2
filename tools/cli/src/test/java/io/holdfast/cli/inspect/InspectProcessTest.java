package io.holdfast.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.HoldfastCommand;
import io.holdfast.journal.EntryKind;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a shell starts it: pipes, terminals, Ctrl-C. */
class InspectProcessTest {
    private static final int ENTRIES = 500_000;
    private static final long BOUND_SECONDS = 120;

    @TempDir
    static Path top;
    private static Path dir;

    @BeforeAll
    static void write() {
        dir = top.resolve("journal");
        byte[] segment = JournalOf.segment(1, JournalOf.ACK, 1, 1, new byte[100]);
        try (JournalOf journal = new JournalOf(dir)) {
            for (int i = 0; i < ENTRIES; i++) {
                journal.append(EntryKind.PACKET, segment);
            }
        }
    }

    private static String holdfast(String... arguments) {
        String flags = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--add-") || flag.startsWith("-Dchronicle")).collect(Collectors.joining(" "));
        return Path.of(System.getProperty("java.home"), "bin", "java") + " " + flags + " -XX:TieredStopAtLevel=1 -cp '"
                + System.getProperty("java.class.path") + "' " + HoldfastCommand.class.getName() + " " + String.join(" ", arguments);
    }

    private record Ended(int exitCode, String out, String err) {
    }

    private static Ended bash(String script) throws IOException, InterruptedException {
        Path out = Files.createTempFile(top, "out", "");
        Path err = Files.createTempFile(top, "err", "");
        Process process = new ProcessBuilder("bash", "-c", script).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        try {
            assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    @Test
    void whoReadsMayGoAway() throws Exception {
        for (String command : List.of("list", "list --json", "connections", "export -o -")) {
            String[] words = command.split(" ", 2);
            Ended ended = bash(holdfast("inspect", words[0], dir.toString(), words.length > 1 ? words[1] : "")
                    + " | head -c 100 >/dev/null; exit ${PIPESTATUS[0]}");
            assertThat(ended.exitCode()).as(command + ended.err()).isZero();
            assertThat(ended.err()).as(command).doesNotContain("Exception").doesNotContain("\tat ");
        }
    }

    @Test
    void longWorkShowsABarOnATerminalAndNowhereElse() throws Exception {
        Ended onTerminal = bash("script -qec \"" + holdfast("inspect", "describe", dir.toString()).replace("\"", "\\\"") + "\" /dev/null");
        assertThat(onTerminal.out()).contains("[#").contains(" a second").contains(ENTRIES + "");
        Ended elsewhere = bash(holdfast("inspect", "describe", dir.toString()));
        assertThat(elsewhere.exitCode()).isZero();
        assertThat(elsewhere.out()).contains("PACKET");
        assertThat(elsewhere.err()).isEmpty();
    }

    @Test
    void ctrlCLeavesNothingBehind() throws Exception {
        for (String command : List.of("export " + dir + " -o ", "verify " + dir + " --repair ")) {
            Path work = Files.createTempDirectory(top, "work");
            Process process = new ProcessBuilder("bash", "-c", "exec " + holdfast("inspect", command + work.resolve("result")))
                    .redirectErrorStream(true).redirectOutput(top.resolve("interrupted").toFile()).start();
            try {
                Awaitility.await().atMost(BOUND_SECONDS, TimeUnit.SECONDS).pollInterval(1, TimeUnit.MILLISECONDS)
                        .until(() -> !names(work).isEmpty() || !process.isAlive());
                assertThat(names(work)).as("what is begun has no name yet").noneMatch(name -> name.equals("result"));
                assertThat(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor()).isZero();
                assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)).isTrue();
            } finally {
                process.destroyForcibly();
            }
            assertThat(process.exitValue()).as(Files.readString(top.resolve("interrupted"))).isEqualTo(130);
            assertThat(names(work)).as(command).isEmpty();
        }
    }

    @Test
    void whatCannotBeWrittenToItsEndLeavesNothingBehind() throws Exception {
        Path journal = top.resolve("measured");
        writeMeasured(journal);
        for (String command : List.of("export JOURNAL -o ", "stats JOURNAL --plot PLOT.svg --hgrm ", "stats JOURNAL --plot PLOT.png --hgrm ",
                "stats JOURNAL --hgrm ", "stream JOURNAL 10.0.0.7:40001 --hex -o ", "verify JOURNAL --repair ")) {
            Path work = Files.createTempDirectory(top, "work");
            String arguments = command.replace("JOURNAL", journal.toString()).replace("PLOT", work.resolve("plot").toString())
                    + work.resolve("result");
            Ended ended = bash("(ulimit -f 1; exec " + holdfast("inspect", arguments).replace(" -cp ", " -XX:-UsePerfData -cp ")
                    + ") 2>&1 | cat; exit ${PIPESTATUS[0]}"); // a file may have a KiB; what is beyond fails with EFBIG
            assertThat(ended.exitCode()).as(command + ended.out()).isEqualTo(2);
            assertThat(names(work)).as(command + ended.out()).isEmpty();
        }
    }

    private static void writeMeasured(Path journal) {
        try (JournalOf entries = new JournalOf(journal)) {
            for (int i = 0; i < 200; i++) {
                entries.later(20).tcp(40_001, JournalOf.ACK, 1 + i * 10L, 1, "0123456789");
            }
            String histogram = JournalOf.histogram(LongStream.range(1, 200).map(us -> us * 1_000).toArray());
            entries.append(EntryKind.STATISTICS, JournalOf.statistics(histogram, histogram, histogram));
        }
    }

    private static List<String> names(Path in) throws IOException {
        try (Stream<Path> files = Files.list(in)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void bashCompletesWhatThereIs() throws Exception {
        Path script = Files.writeString(top.resolve("completion"), output("completion", "bash"));
        String complete = "source " + script + "; COMP_WORDS=(holdfast inspect '%s'); COMP_CWORD=2; "
                + "$(complete -p holdfast | sed 's/.*-F \\([^ ]*\\) .*/\\1/') holdfast; echo \"${COMPREPLY[@]}\"";
        assertThat(bash(complete.formatted("de")).out().strip()).isEqualTo("describe");
        assertThat(bash(complete.formatted("")).out()).contains("connections").contains("stats").contains("verify");
    }

    @Test
    void theManualPageIsOneThatGroffReadsWithoutAWarning() throws Exception {
        Path page = Files.writeString(top.resolve("holdfast.1"), output("man"));
        Ended ended = bash("groff -ww -man -Tutf8 " + page);
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.err()).isEmpty();
        String text = ended.out().replaceAll("\033\\[[0-9;]*m", "");
        assertThat(text).contains("holdfast inspect stream").contains("--fix-checksums").contains("Examples:")
                .contains("holdfast inspect list DIR --reverse --limit 20");
    }

    private static String output(String... arguments) {
        StringWriter out = new StringWriter();
        assertThat(HoldfastCommand.execute(new PrintWriter(out, true), new PrintWriter(System.err, true), arguments)).isZero();
        return out.toString();
    }
}

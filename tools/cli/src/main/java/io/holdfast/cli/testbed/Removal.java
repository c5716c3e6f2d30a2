package io.holdfast.cli.testbed;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/**
 * Removes a testbed whatever becomes of the process that made it. Owned by the thread that drives the testbed.
 *
 * <p>One shell script does it, whoever starts it: {@link #now()}, the operator of a cluster that was kept, or the
 * janitor: a small process outside the testbed that waits for its standard input to end, which the kernel brings
 * about however the process that made the testbed dies, {@code kill -9} included.
 */
final class Removal {

    private static final String SCRIPT = """
            #!/bin/sh
            # Removes testbed %1$s: its processes, its namespaces, its files. Harmless to run twice.
            # Processes are found by their network namespace, so none outside the testbed is touched.
            for namespace in $(ip netns list | cut -d' ' -f1 | grep '^%1$s-'); do
                tries=0
                while pids=$(ip netns pids "$namespace" 2>/dev/null) && [ -n "$pids" ] && [ $tries -lt 200 ]; do
                    kill -9 $pids 2>/dev/null
                    tries=$((tries + 1))
                    sleep 0.02
                done
                ip netns del "$namespace" || status=1
            done
            rm -rf --one-file-system '%2$s' || status=1
            exit ${status:-0}
            """;

    private static final String JANITOR = """
            read -r word
            [ "$word" = leave ] || exec sh '%s'
            """;

    private final Layout layout;
    private final Process janitor;

    private Removal(Layout layout, Process janitor) {
        this.layout = layout;
        this.janitor = janitor;
    }

    /** Writes the script and starts the janitor, before anything else of the testbed is made. */
    static Removal prepare(Layout layout) {
        try {
            Files.writeString(layout.removeScript(), SCRIPT.formatted(layout.name(), layout.directory()));
            // A session of its own: Ctrl-C on the terminal must reach us, not the janitor.
            Process janitor = new ProcessBuilder(List.of("setsid", "sh", "-c",
                    JANITOR.formatted(layout.removeScript())))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new Removal(layout, janitor);
        } catch (IOException e) {
            throw new TestbedException("cannot prepare the removal of testbed " + layout.name(), e);
        }
    }

    /** Removes everything, waits for it and dismisses the janitor. */
    void now() {
        SystemCommand.Result result = SystemCommand.attempt("sh", layout.removeScript().toString());
        dismiss();
        if (result.exitCode() != 0) {
            throw new TestbedException("testbed " + layout.name() + " is not wholly removed: "
                    + result.output().strip());
        }
    }

    /** Dismisses the janitor and leaves the testbed as it is; the script stays for whoever wants it gone. */
    void leave() {
        dismiss();
    }

    private void dismiss() {
        try (OutputStream word = janitor.getOutputStream()) {
            word.write("leave\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new TestbedException("the janitor of testbed " + layout.name() + " is gone", e);
        }
        try {
            janitor.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

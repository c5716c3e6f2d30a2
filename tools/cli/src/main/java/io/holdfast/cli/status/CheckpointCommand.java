package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import picocli.CommandLine.Command;

/** {@code holdfast checkpoint}: asks the primary of a service for a checkpoint now. Owned by the main thread. */
@Command(name = "checkpoint", mixinStandardHelpOptions = true,
        description = "Takes a checkpoint of a service now and waits until it is ready.",
        footer = "Exit code 0: ready. 1: no live primary, or it could not be taken. 2: wrong arguments.")
public final class CheckpointCommand extends PrimaryCommand {

    private static final Duration ANSWER_BOUND = Duration.ofSeconds(60);

    @Override
    int ask(ClusterQuestion.Answer primary, String name) {
        long started = System.nanoTime();
        try {
            JsonNode answer = probe(primary).checkpoint(name, ANSWER_BOUND);
            out().printf(Locale.ROOT, "checkpoint of %s ready at entry %d: %d bytes in %d ms, "
                    + "clients' packets waited %.0f ms, held by %s%n", name, answer.path("markIndex").asLong(),
                    answer.path("bytes").asLong(), (System.nanoTime() - started) / 1_000_000,
                    answer.path("gateClosedMs").asDouble(), answer.path("holders"));
            out().flush();
            return 0;
        } catch (IOException e) {
            err().println("No checkpoint: " + e.getMessage());
            return 1;
        }
    }
}

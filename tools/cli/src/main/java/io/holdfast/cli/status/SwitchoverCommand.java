package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code holdfast switchover}: has the primary of a service hand over to a standby. Owned by the main thread. */
@Command(name = "switchover", mixinStandardHelpOptions = true,
        description = "Hands a service over to a standby and waits until it serves clients. They notice a pause; the old"
                + " primary stands by afterwards.",
        footer = "Exit code 0: the standby is the live primary. 1: not so. 2: wrong arguments.")
public final class SwitchoverCommand extends PrimaryCommand {

    private static final Duration ANSWER_BOUND = Duration.ofSeconds(90);
    private static final Duration LIVE_BOUND = Duration.ofSeconds(30);

    @Option(names = "--to", paramLabel = "NODE", description = "which standby; left out, the one that holds most")
    private String to;

    @Override
    int ask(ClusterQuestion.Answer primary, String name) throws InterruptedException {
        JsonNode answer;
        try {
            answer = probe(primary).switchover(name, to, ANSWER_BOUND);
        } catch (IOException e) {
            err().println("No switchover: " + e.getMessage());
            return 1;
        }
        ServiceStatus live = awaitLive(name, answer.path("term").asLong());
        if (live == null) {
            err().println(answer.path("to").asText() + " leads, but no node became the live primary of " + name
                    + " within " + LIVE_BOUND.toSeconds() + " s; see holdfast status.");
            return 1;
        }
        out().printf(Locale.ROOT, "%s: %s handed over to %s, live in term %d; its takeover took %.0f ms%n", name,
                answer.path("from").asText(), live.lastTakeover().node(), live.term(), live.lastTakeover().totalMs());
        out().flush();
        return live.lastTakeover().node().equals(answer.path("to").asText()) ? 0 : 1;
    }

    /** The live primary of a later term than this, or null when there is none in time. */
    private ServiceStatus awaitLive(String name, long term) throws InterruptedException {
        long deadline = System.nanoTime() + LIVE_BOUND.toNanos();
        while (System.nanoTime() - deadline < 0) {
            List<ClusterQuestion.Answer> answers = question().ask();
            ClusterQuestion.Answer found = primaryAmong(answers, name);
            ServiceStatus status = found == null ? null : found.status().service(name);
            if (status != null && status.takeoverTerm() > term && status.lastTakeover().live()) {
                return status;
            }
            Thread.sleep(50);
        }
        return null;
    }
}

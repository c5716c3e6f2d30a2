package io.holdfast.cli.status;

import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code holdfast switchover}: has the primary of a service hand over to a standby. Owned by the main thread. */
@Command(name = "switchover", mixinStandardHelpOptions = true,
        description = "Hands a service over to a standby and waits until it serves clients. They notice a pause; the old"
                + " primary stands by afterwards.",
        footer = "Exit code 0: the standby is the live primary. 1: not so. 2: wrong arguments.")
public final class SwitchoverCommand extends PrimaryCommand {

    @Option(names = "--to", paramLabel = "NODE", description = "which standby; left out, the one that holds most")
    private String to;

    @Override
    int ask(ClusterQuestion.Answer primary, String name) throws InterruptedException {
        Handed handed;
        try {
            handed = handOver(primary, name, to);
        } catch (IOException e) {
            err().println("No switchover: " + e.getMessage());
            return 1;
        }
        ServiceStatus live = handed.live().status().service(name);
        out().printf(Locale.ROOT, "%s: %s handed over to %s, live in term %d; its takeover took %.0f ms%n", name,
                primary.status().node(), live.lastTakeover().node(), live.term(), live.lastTakeover().totalMs());
        out().flush();
        return handed.to().equals(live.lastTakeover().node()) ? 0 : 1;
    }
}

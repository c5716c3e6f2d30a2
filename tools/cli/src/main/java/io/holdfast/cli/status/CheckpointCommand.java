package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast checkpoint}: asks the primary of a service for a checkpoint now. Owned by the main thread. */
@Command(name = "checkpoint", mixinStandardHelpOptions = true,
        description = "Takes a checkpoint of a service now and waits until it is ready.",
        footer = "Exit code 0: ready. 1: no live primary, or it could not be taken. 2: wrong arguments.")
public final class CheckpointCommand implements Callable<Integer> {

    private static final Duration ANSWER_BOUND = Duration.ofSeconds(60);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClusterOptions cluster;

    @Option(names = "--service", paramLabel = "NAME", description = "which service; may be left out if there is one")
    private String service;

    @Override
    public Integer call() throws Exception {
        PrintWriter err = spec.commandLine().getErr();
        List<ClusterQuestion.Answer> answers = new ClusterQuestion(cluster.addresses(spec.commandLine()), cluster.bound()).ask();
        List<String> names = answers.stream().filter(ClusterQuestion.Answer::reached)
                .flatMap(answer -> answer.status().services().stream()).map(NodeStatus.ServiceStatus::name)
                .distinct().toList();
        if (service == null && names.size() > 1) {
            err.println("There are several services, say --service: " + String.join(", ", names));
            return 2;
        }
        String name = service != null ? service : names.isEmpty() ? null : names.get(0);
        for (ClusterQuestion.Answer answer : answers) {
            NodeStatus.ServiceStatus status = answer.reached() && name != null ? answer.status().service(name) : null;
            if (status != null && status.livePrimary()) {
                return checkpoint(answer, name);
            }
        }
        err.println(name == null ? "No node answers." : "No node is the live primary of " + name + ".");
        return 1;
    }

    private int checkpoint(ClusterQuestion.Answer primary, String name) {
        long started = System.nanoTime();
        try {
            JsonNode answer = new NodeProbe(primary.admin(), cluster.bound()).checkpoint(name, ANSWER_BOUND);
            spec.commandLine().getOut().printf(Locale.ROOT, "checkpoint of %s ready at entry %d: %d bytes in %d ms, "
                    + "clients' packets waited %.0f ms, held by %s%n", name, answer.path("markIndex").asLong(),
                    answer.path("bytes").asLong(), (System.nanoTime() - started) / 1_000_000,
                    answer.path("gateClosedMs").asDouble(), answer.path("holders"));
            spec.commandLine().getOut().flush();
            return 0;
        } catch (IOException e) {
            spec.commandLine().getErr().println("No checkpoint: " + e.getMessage());
            return 1;
        }
    }
}

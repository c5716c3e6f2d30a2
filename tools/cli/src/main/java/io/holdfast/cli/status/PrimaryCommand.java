package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is asked of the primary of one service: finds it among the nodes. Owned by the main thread. */
abstract class PrimaryCommand implements Callable<Integer> {

    private static final Duration HAND_OVER_BOUND = Duration.ofSeconds(90);
    private static final Duration LIVE_BOUND = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClusterOptions cluster;

    @Option(names = "--service", paramLabel = "NAME", description = "which service; may be left out if there is one")
    private String service;

    /** Asks it; returns the exit code. */
    abstract int ask(ClusterQuestion.Answer primary, String name) throws Exception;

    /** Whether this node can be asked. */
    boolean fits(NodeStatus.ServiceStatus status) {
        return status.livePrimary();
    }

    @Override
    public Integer call() throws Exception {
        List<ClusterQuestion.Answer> answers = question().ask();
        List<String> names = answers.stream().filter(ClusterQuestion.Answer::reached)
                .flatMap(answer -> answer.status().services().stream()).map(NodeStatus.ServiceStatus::name)
                .distinct().toList();
        if (service == null && names.size() > 1) {
            err().println("There are several services, say --service: " + String.join(", ", names));
            return 2;
        }
        String name = service != null ? service : names.isEmpty() ? null : names.get(0);
        ClusterQuestion.Answer primary = name == null ? null : primaryAmong(answers, name);
        if (primary == null) {
            err().println(name == null ? "No node answers." : "No node is the live primary of " + name + ".");
            answers.stream().filter(answer -> !answer.reached())
                    .forEach(answer -> err().println("  " + answer.name() + " is unreachable: " + answer.failure()));
            return 1;
        }
        return ask(primary, name);
    }

    /** The node that can be asked, or null; of several that believe it of themselves the one with the highest term. */
    ClusterQuestion.Answer primaryAmong(List<ClusterQuestion.Answer> answers, String name) {
        return answers.stream().filter(answer -> answer.reached() && answer.status().service(name) != null
                && fits(answer.status().service(name)))
                .max(Comparator.comparingLong(answer -> answer.status().service(name).term())).orElse(null);
    }

    /**
     * What became of a switchover.
     *
     * @param to   node that was handed the lead
     * @param live node that serves clients now
     */
    record Handed(String to, ClusterQuestion.Answer live) {
    }

    /**
     * Has the primary hand over and waits until another node serves clients.
     *
     * @param to name of the standby, or null for the one that holds most
     * @throws IOException with the reason why not
     */
    Handed handOver(ClusterQuestion.Answer primary, String name, String to) throws IOException, InterruptedException {
        JsonNode answer = probe(primary).switchover(name, to, HAND_OVER_BOUND);
        long deadline = System.nanoTime() + LIVE_BOUND.toNanos();
        while (System.nanoTime() - deadline < 0) {
            ClusterQuestion.Answer live = livePrimary(question().ask(), name, answer.path("term").asLong());
            if (live != null) {
                return new Handed(answer.path("to").asText(), live);
            }
            Thread.sleep(50);
        }
        throw new IOException(answer.path("to").asText() + " leads, but no node became the live primary of " + name
                + " within " + LIVE_BOUND.toSeconds() + " s; see holdfast status");
    }

    private static ClusterQuestion.Answer livePrimary(List<ClusterQuestion.Answer> answers, String name, long afterTerm) {
        return answers.stream().filter(ClusterQuestion.Answer::reached).filter(answer -> {
            NodeStatus.ServiceStatus status = answer.status().service(name);
            return status != null && status.livePrimary() && status.takeoverTerm() > afterTerm && status.lastTakeover().live();
        }).findFirst().orElse(null);
    }

    ClusterQuestion question() {
        return cluster.question(spec.commandLine());
    }

    NodeProbe probe(ClusterQuestion.Answer node) {
        return cluster.probe(spec.commandLine(), node.admin());
    }

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    PrintWriter err() {
        return spec.commandLine().getErr();
    }
}

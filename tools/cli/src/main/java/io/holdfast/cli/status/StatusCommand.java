package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast status}: every node of a cluster at a glance. Owned by the main thread. */
@Command(name = "status", mixinStandardHelpOptions = true,
        description = "Shows every node of a cluster: roles, indexes, lease, checkpoint, last takeover.",
        footer = "Exit code 0: every service has a live primary. 1: not so. 2: wrong arguments.")
public final class StatusCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClusterOptions cluster;

    @Option(names = "--json", description = "print the nodes' own answers as JSON")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        List<ClusterQuestion.Answer> answers = cluster.question(spec.commandLine()).ask();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            printJson(answers, out);
        } else {
            StatusTable.print(answers, out);
        }
        return everyServiceLives(answers) ? 0 : 1;
    }

    static boolean everyServiceLives(List<ClusterQuestion.Answer> answers) {
        List<NodeStatus.ServiceStatus> all = answers.stream().filter(ClusterQuestion.Answer::reached)
                .flatMap(answer -> answer.status().services().stream()).toList();
        return !all.isEmpty() && all.stream().map(NodeStatus.ServiceStatus::name).distinct()
                .allMatch(name -> all.stream().anyMatch(service -> service.name().equals(name)
                        && service.livePrimary()));
    }

    private static void printJson(List<ClusterQuestion.Answer> answers, PrintWriter out) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        ArrayNode nodes = mapper.createArrayNode();
        for (ClusterQuestion.Answer answer : answers) {
            ObjectNode node = nodes.addObject();
            node.put("name", answer.name());
            node.put("admin", answer.admin().getHostString() + ":" + answer.admin().getPort());
            node.put("reachable", answer.reached());
            if (answer.reached()) {
                node.set("status", answer.raw());
            } else {
                node.put("failure", answer.failure());
            }
        }
        out.println(mapper.writerWithDefaultPrettyPrinter().writeValueAsString(nodes));
        out.flush();
    }
}

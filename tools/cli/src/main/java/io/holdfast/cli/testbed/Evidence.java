package io.holdfast.cli.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Saves what is needed to understand a failure before the testbed is removed. Has no state. */
final class Evidence {

    /** What the kernel is asked in each namespace; a tool that is missing leaves its message in the file. */
    private static final List<String> QUESTIONS = List.of(
            "ip -statistics address show", "ip rule show", "ip route show table all", "ip neighbour show",
            "ss --all --numeric --tcp --udp --processes --info", "nft list ruleset", "iptables-save --counters",
            "cat /proc/net/netfilter/nfnetlink_queue", "cat /proc/net/nf_conntrack");

    private Evidence() {
    }

    static void collect(Layout layout, Path directory) {
        try {
            Files.createDirectories(directory);
            for (int node = 1; node <= layout.nodes(); node++) {
                ask(layout.nodeNamespace(node), directory.resolve(layout.nodeName(node) + ".kernel.txt"));
            }
            ask(layout.clientNamespace(), directory.resolve("client.kernel.txt"));
        } catch (IOException e) {
            throw new TestbedException("cannot save evidence in " + directory, e);
        }
        SystemCommand.run("cp", "-a", "--sparse=always", layout.logs().toString(), layout.configs().toString(),
                layout.disks().toString(), directory.toString());
        try {
            // Evidence is handed around; a key is not.
            Files.deleteIfExists(directory.resolve(layout.configs().getFileName()).resolve(layout.keyFile().getFileName()));
        } catch (IOException e) {
            throw new TestbedException("cannot take the cluster's key out of " + directory, e);
        }
    }

    private static void ask(String namespace, Path into) throws IOException {
        StringBuilder answers = new StringBuilder();
        for (String question : QUESTIONS) {
            answers.append("# ").append(question).append('\n');
            answers.append(SystemCommand.attempt("ip", "netns", "exec", namespace, "sh", "-c", question).output());
            answers.append('\n');
        }
        Files.writeString(into, answers);
    }
}

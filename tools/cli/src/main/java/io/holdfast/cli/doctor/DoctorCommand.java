package io.holdfast.cli.doctor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cli.doctor.Finding.Verdict;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast doctor}: tries out what a node needs of this machine. Owned by the main thread. */
@Command(name = "doctor", mixinStandardHelpOptions = true,
        description = "Tries out every capability a node needs of this machine, in a namespace that is thrown away.",
        footer = "Exit code 0: a node can run here. 1: it cannot. 2: wrong arguments.")
public final class DoctorCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "print the findings as JSON")
    private boolean json;

    @Option(names = "--criu", paramLabel = "FILE", defaultValue = "/opt/holdfast/criu/bin/criu",
            description = "the CRIU to try (default: ${DEFAULT-VALUE})")
    private Path criu;

    @Override
    public Integer call() throws InterruptedException, JsonProcessingException {
        Map<String, Finding> findings = new Examination(capabilities()).findings();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            printJson(findings, out);
        } else {
            printLines(findings, out);
        }
        return canRun(findings) ? 0 : 1;
    }

    private List<Capability> capabilities() {
        return List.of(new Privileges(), new Namespaces(), new PacketQueue(), new TunDevice(), new TcpRepair(),
                new SequenceAdjustment(), new TimedSet(), new CheckpointProgram(criu), new DemoWorkload());
    }

    static boolean canRun(Map<String, Finding> findings) {
        return findings.values().stream().noneMatch(finding -> finding.verdict() == Verdict.FAIL);
    }

    private static void printLines(Map<String, Finding> findings, PrintWriter out) {
        findings.forEach((name, finding) -> {
            String verdict = finding.verdict() == Verdict.OK ? "ok" : finding.verdict().name();
            String line = String.format("%-20s %-8s %s", name, verdict, oneLine(finding.detail()));
            out.println(finding.remedy().isEmpty() ? line : line + " -> " + finding.remedy());
        });
        out.println(canRun(findings) ? "A node can run here." : "No node can run here.");
        out.flush();
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " / ");
    }

    private static void printJson(Map<String, Finding> findings, PrintWriter out) throws JsonProcessingException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = mapper.createObjectNode();
        root.put("nodeCanRun", canRun(findings));
        ObjectNode capabilities = root.putObject("capabilities");
        findings.forEach((name, finding) -> {
            ObjectNode entry = capabilities.putObject(name);
            entry.put("verdict", finding.verdict().name().toLowerCase(java.util.Locale.ROOT));
            entry.put("detail", finding.detail());
            entry.put("remedy", finding.remedy());
        });
        out.println(mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root));
        out.flush();
    }
}

package io.holdfast.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.SystemCallException;
import io.holdfast.cli.HoldfastCommand;
import io.holdfast.cli.doctor.Finding.Verdict;
import io.holdfast.cli.testbed.SystemCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int holdfast(String... arguments) {
        return HoldfastCommand.execute(new PrintWriter(out), new PrintWriter(err), arguments);
    }

    private record Given(String name, boolean usesNetwork, java.util.function.Supplier<String> trial)
            implements Capability {
        @Override
        public String remedy() {
            return "mend it";
        }

        @Override
        public String tryOut() {
            return trial.get();
        }
    }

    @Test
    void jsonNamesEveryCapabilityAndTheExitCodeFollowsTheVerdicts() throws IOException {
        int exitCode = holdfast("doctor", "--json");
        JsonNode root = JSON.readTree(out.toString());
        List<String> verdicts = root.get("capabilities").findValuesAsText("verdict");
        assertThat(root.get("capabilities").fieldNames()).toIterable().containsExactly("privileges", "namespaces",
                "NFQUEUE", "TUN", "TCP_REPAIR", "sequence adjustment", "nft timed set", "CRIU", "redis-server");
        assertThat(verdicts).hasSize(9).allMatch(List.of("ok", "warning", "fail")::contains);
        assertThat(root.get("nodeCanRun").asBoolean()).isEqualTo(!verdicts.contains("fail"));
        assertThat(exitCode).isEqualTo(verdicts.contains("fail") ? 1 : 0);
    }

    @Test
    void aMissingCriuIsAWarningThatNamesWhatIsLost(@TempDir Path directory) throws Exception {
        Map<String, Finding> findings =
                new Examination(List.of(new CheckpointProgram(directory.resolve("criu")))).findings();
        assertThat(findings.get("CRIU").verdict()).isEqualTo(Verdict.WARNING);
        assertThat(findings.get("CRIU").detail()).contains("is not there", "'checkpoint: none' only");
        assertThat(DoctorCommand.canRun(findings)).isTrue();
    }

    @Test
    void aCriuThatFailsItsCheckIsNotTakenForAWorkingOne(@TempDir Path directory) throws Exception {
        Path criu = directory.resolve("criu");
        Files.writeString(criu, "#!/bin/sh\ncase $1 in --version) echo 'Version: 3.17.1';; *) echo no vDSO; exit 1;; esac\n");
        assertThat(criu.toFile().setExecutable(true)).isTrue();
        Finding finding = new Examination(List.of(new CheckpointProgram(criu))).findings().get("CRIU");
        assertThat(finding.verdict()).isEqualTo(Verdict.WARNING);
        assertThat(finding.detail()).contains("no vDSO");
    }

    @Test
    void aRefusalOfTheKernelIsAFailureWithItsReasonAndTheRemedy() throws Exception {
        Map<String, Finding> findings = new Examination(List.of(
                new Given("works", false, () -> "fine"),
                new Given("refused", false, () -> {
                    throw new SystemCallException("ioctl", Errno.EPERM);
                }))).findings();
        assertThat(findings.get("works")).isEqualTo(Finding.ok("fine"));
        assertThat(findings.get("refused").verdict()).isEqualTo(Verdict.FAIL);
        assertThat(findings.get("refused").detail()).contains("ioctl", "errno 1");
        assertThat(findings.get("refused").remedy()).isEqualTo("mend it");
        assertThat(DoctorCommand.canRun(findings)).isFalse();
    }

    @Test
    void aMistakeInAProbeIsNotReportedAsAMissingCapability() {
        Examination examination = new Examination(List.of(new Given("broken", false, () -> {
            throw new IndexOutOfBoundsException("ours");
        })));
        assertThatThrownBy(examination::findings).hasMessageContaining("broken").hasRootCauseMessage("ours");
    }

    @Test
    void aProbeLeavesNothingInTheNetworkOfTheCaller() throws Exception {
        io.holdfast.cli.testbed.Privileges.needNamespaces();
        String before = SystemCommand.run("ip", "-o", "link");
        Map<String, Finding> findings = new Examination(List.of(new Given("network", true, () -> {
            SystemCommand.run("ip", "link", "add", "hft-left", "type", "bridge");
            return SystemCommand.run("ip", "-o", "link");
        }))).findings();
        assertThat(findings.get("network").detail()).contains("hft-left");
        assertThat(SystemCommand.run("ip", "-o", "link")).isEqualTo(before).doesNotContain("hft-left");
    }
}

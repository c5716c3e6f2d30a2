package io.holdfast.cli.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.node.config.CheckpointConfig;
import io.holdfast.node.config.ConfigLoader;
import io.holdfast.node.config.NodeConfig;
import io.holdfast.node.config.ServiceConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node must understand what the testbed writes for it. */
class ClusterSpecTest {

    @Test
    void aNodeReadsWhatTheTestbedWrites(@TempDir Path directory) throws IOException {
        Layout layout = new Layout("hftx", directory, 3);
        ClusterSpec spec = ClusterSpec.redis(layout).withCheckpoint("none", 2_500).withRecovery("restart")
                .withWorkload(List.of("/usr/bin/printf", "a \"quoted\" \\ word", "", "plain"), 6380);
        Path file = Files.writeString(directory.resolve("n2.yaml"), spec.yaml(layout, 2));

        NodeConfig config = ConfigLoader.load(file);

        assertThat(config.self().name()).isEqualTo("n2");
        assertThat(config.self().address().getHostAddress()).isEqualTo("10.77.0.12");
        assertThat(config.dataDir()).isEqualTo(layout.dataDirectory());
        assertThat(config.cluster()).hasSize(3);
        assertThat(config.security().keyFile()).isEqualTo(layout.keyFile());
        ServiceConfig service = config.services().get(0);
        assertThat(service.vip().getHostAddress()).isEqualTo(Layout.VIP);
        assertThat(service.recovery()).isEqualTo(ServiceConfig.Recovery.RESTART);
        assertThat(service.checkpoint().policy()).isEqualTo(CheckpointConfig.Policy.NONE);
        assertThat(service.checkpoint().intervalMs()).isEqualTo(2_500);
        assertThat(service.workload().command())
                .containsExactly("/usr/bin/printf", "a \"quoted\" \\ word", "", "plain");
        assertThat(service.workload().readyPort()).isEqualTo(6380);
        assertThat(service.workload().dataDirectories()).containsExactly(layout.workloadDirectory());
    }
}

package io.holdfast.cli.status;

import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.consensus.security.KeyFileException;
import io.holdfast.node.config.ConfigException;
import io.holdfast.node.config.ConfigLoader;
import io.holdfast.node.config.SecurityConfig;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that name a cluster. Filled by picocli before the command runs; owned by the command's thread. */
final class ClusterOptions {

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Choice choice;

    /** One of the two must be given. */
    static final class Choice {
        @Option(names = "--config", paramLabel = "FILE", description = "a node's configuration file")
        private Path config;

        @Option(names = "--node", paramLabel = "HOST[:PORT]", description = "a node's admin endpoint; repeat it")
        private List<String> nodes;
    }

    @Option(names = "--key", paramLabel = "FILE", description = "the cluster's key file, or 'none' for a cluster with security:"
            + " none (default: what the configuration file says, or else /etc/holdfast/cluster.key)")
    private String key;

    @Option(names = "--timeout-ms", defaultValue = "2000", paramLabel = "MS",
            description = "how long to wait for a node (default: ${DEFAULT-VALUE})")
    private int timeoutMs;

    /** Name to admin endpoint; a file or address that cannot be understood is a wrong argument. */
    Map<String, InetSocketAddress> addresses(CommandLine command) {
        try {
            return choice.config != null ? ClusterAddresses.ofConfig(choice.config)
                    : ClusterAddresses.ofArguments(choice.nodes);
        } catch (ConfigException | IllegalArgumentException e) {
            throw new ParameterException(command, e.getMessage(), e);
        }
    }

    /** By which key the cluster is reached; a key that cannot be used is a wrong argument. */
    ClusterTraffic traffic(CommandLine command) {
        try {
            return security().traffic();
        } catch (ConfigException | KeyFileException e) {
            throw new ParameterException(command, e.getMessage(), e);
        }
    }

    private SecurityConfig security() {
        if (key != null) {
            return new SecurityConfig(key.equals(SecurityConfig.NONE) ? null : Path.of(key));
        }
        return choice.config != null ? ConfigLoader.load(choice.config).security()
                : new SecurityConfig(SecurityConfig.DEFAULT_KEY_FILE);
    }

    ClusterQuestion question(CommandLine command) {
        return new ClusterQuestion(addresses(command), traffic(command), bound());
    }

    NodeProbe probe(CommandLine command, InetSocketAddress admin) {
        return new NodeProbe(admin, traffic(command), bound());
    }

    Duration bound() {
        return Duration.ofMillis(timeoutMs);
    }
}

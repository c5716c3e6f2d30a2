package io.holdfast.cli.status;

import io.holdfast.node.config.ConfigException;
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

    Duration bound() {
        return Duration.ofMillis(timeoutMs);
    }
}

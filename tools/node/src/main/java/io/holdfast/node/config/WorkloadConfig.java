package io.holdfast.node.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The protected program as the operator describes it. Immutable.
 *
 * @param command          absolute path of the program and its arguments
 * @param workingDirectory absolute, the same on every node
 * @param dataDirectories  absolute; copied with every checkpoint and replaced by a restore
 * @param environment      added to an otherwise empty environment
 * @param readyPort        TCP port on which a fresh workload listens once it is ready, 0 when it has none
 * @param readyTimeoutMs   how long a fresh workload may take to listen
 */
public record WorkloadConfig(List<String> command, Path workingDirectory, List<Path> dataDirectories,
                             Map<String, String> environment, int readyPort, long readyTimeoutMs) {

    public WorkloadConfig {
        command = List.copyOf(command);
        dataDirectories = List.copyOf(dataDirectories);
        environment = Map.copyOf(environment);
    }
}

package io.holdfast.node.config;

import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.ClusterTraffic;

import java.nio.file.Path;

/**
 * How the nodes of the cluster are told from strangers. Immutable.
 *
 * @param keyFile the key all of them share, or null: anybody may listen and take part
 */
public record SecurityConfig(Path keyFile) {
    /** Where the key is unless the file says otherwise. */
    public static final Path DEFAULT_KEY_FILE = Path.of("/etc/holdfast/cluster.key");
    /** What an operator has to write to do without. */
    public static final String NONE = "none";

    /**
     * Reads the key.
     *
     * @throws io.holdfast.consensus.security.KeyFileException when it cannot be used
     */
    public ClusterTraffic traffic() {
        return keyFile == null ? ClusterTraffic.OPEN : ClusterTraffic.closedBy(ClusterKey.read(keyFile));
    }
}

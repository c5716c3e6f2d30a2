package io.holdfast.consensus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.ClusterTraffic;

/** Any thread: traffic closed by a key made for this test run. */
final class TestTraffic {
    static final ClusterTraffic CLOSED = another();

    private TestTraffic() {
    }

    /** By a key of its own. */
    static ClusterTraffic another() {
        try {
            Path directory = Files.createTempDirectory("holdfast-key");
            Path file = directory.resolve("cluster.key");
            ClusterKey.generate(file);
            ClusterTraffic traffic = ClusterTraffic.closedBy(ClusterKey.read(file));
            Files.delete(file);
            Files.delete(directory);
            return traffic;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

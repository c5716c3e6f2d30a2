package io.holdfast.cli;

import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.KeyFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast keygen}: makes the key that closes a cluster's traffic to strangers. Owned by the main thread. */
@Command(name = "keygen", mixinStandardHelpOptions = true,
        description = {"Makes a cluster key in a new file that only its owner can read (mode 0600).",
            "Every node of the cluster needs a copy of the same file; whoever has it can do all that a node can."},
        footer = "Exit code 0: written. 2: the file exists already or cannot be written.")
final class KeygenCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "where to write it, such as /etc/holdfast/cluster.key")
    private Path file;

    @Override
    public Integer call() {
        try {
            ClusterKey key = ClusterKey.generate(file);
            spec.commandLine().getOut().println("key " + key.fingerprint() + " written to " + file
                    + "; copy it to every node, with its mode (scp -p)");
            return 0;
        } catch (KeyFileException e) {
            spec.commandLine().getErr().println(e.getMessage());
            return 2;
        }
    }
}

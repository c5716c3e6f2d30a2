package io.holdfast.cli.inspect.reexecute;

import io.holdfast.restore.checkpoint.CheckpointSections;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where things are inside the sandbox, and the shell script that makes it so. Immutable.
 *
 * <p>All that can be written to lies in memory and goes with the sandbox's mount namespace. Journal and checkpoints are bound
 * read-only: the kernel refuses what a mistake here would do to them.
 */
record SandboxLayout(Path journal, Path checkpoints, Path pcapDirectory, CheckpointSections.Place place) {
    private static final Path ROOT = Path.of("/run/holdfast");
    static final Path JOURNAL = ROOT.resolve("journal");
    static final Path CHECKPOINTS = ROOT.resolve("checkpoints");
    static final Path OUTPUT = ROOT.resolve("output");
    static final Path WORK = ROOT.resolve("work");
    static final Path TEMPORARY = ROOT.resolve("tmp");

    /**
     * Made inside fresh mount, network and PID namespaces. Mounts of other network namespaces are let go first: a copy of them
     * would keep those alive.
     */
    private static final String BEGIN = """
            set -e
            while umount -l /run/netns 2>/dev/null; do :; done
            mount -t tmpfs -o mode=755 holdfast-sandbox /run
            mkdir -p %1$s/journal %1$s/checkpoints %1$s/output %1$s/work %1$s/tmp %1$s/layers
            """.formatted(ROOT);

    /** @throws SandboxException when a directory of the workload can have no place without writing to this machine */
    String script(List<String> command) {
        StringBuilder script = new StringBuilder(BEGIN);
        bindReadOnly(script, journal, JOURNAL);
        bindReadOnly(script, checkpoints, CHECKPOINTS);
        if (pcapDirectory != null) {
            script.append("mount --bind ").append(quoted(pcapDirectory)).append(' ').append(OUTPUT).append('\n');
        }
        script.append("ip link set lo up\n");
        script.append("ip address add ").append(quoted(place.virtualAddress())).append("/32 dev lo\n");
        workloadDirectories(script);
        // No exec: a shell as process 1 collects what CRIU leaves without a parent.
        command.forEach(word -> script.append(quoted(word)).append(' '));
        return script.append('\n').toString();
    }

    private static void bindReadOnly(StringBuilder script, Path source, Path target) {
        script.append("mount --bind ").append(quoted(source)).append(' ').append(target).append('\n');
        script.append("mount -o remount,bind,ro ").append(target).append('\n');
    }

    /**
     * A directory that is there is covered by an empty one in memory. For one that is not, the nearest directory above it
     * is covered by an overlay of itself, in which it can be made.
     */
    private void workloadDirectories(StringBuilder script) {
        Set<Path> missing = new TreeSet<>();
        List<Path> present = new ArrayList<>();
        for (String each : place.dataDirectories()) {
            Path directory = Path.of(each);
            if (Files.isDirectory(directory)) {
                present.add(directory);
            } else {
                missing.add(directory);
            }
        }
        if (!Files.isDirectory(Path.of(place.workingDirectory()))) {
            missing.add(Path.of(place.workingDirectory()));
        }
        Set<Path> overlaid = new TreeSet<>();
        missing.forEach(directory -> overlaid.add(nearest(directory)));
        int layer = 0;
        for (Path above : overlaid) {
            Path layers = ROOT.resolve("layers/" + layer++);
            script.append("mkdir -p %1$s/upper %1$s/work\n".formatted(layers));
            script.append("mount -t overlay holdfast-sandbox -o lowerdir=%1$s,upperdir=%2$s/upper,workdir=%2$s/work %1$s\n"
                    .formatted(quoted(above), layers));
        }
        missing.forEach(directory -> script.append("mkdir -p ").append(quoted(directory)).append('\n'));
        present.forEach(directory -> script.append("mount -t tmpfs -o mode=755 holdfast-sandbox ").append(quoted(directory))
                .append('\n'));
    }

    private static Path nearest(Path directory) {
        Path above = directory.getParent();
        while (!Files.isDirectory(above)) {
            above = above.getParent();
        }
        if (above.getParent() == null) {
            throw new SandboxException("the workload's directory " + directory + " is not on this machine, and nothing above it "
                    + "but the root: make an empty directory /" + directory.getName(0) + " first");
        }
        return above;
    }

    private static String quoted(Object text) {
        return "'" + text.toString().replace("'", "'\\''") + "'";
    }
}

package io.holdfast.cli.doctor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Root with the capabilities a node uses (capabilities(7)). Stateless; any thread. */
public final class Privileges implements Capability {

    private record Needed(int bit, String name) {
    }

    private static final List<Needed> NEEDED = List.of(new Needed(12, "CAP_NET_ADMIN"),
            new Needed(13, "CAP_NET_RAW"), new Needed(19, "CAP_SYS_PTRACE"), new Needed(21, "CAP_SYS_ADMIN"));

    @Override
    public String name() {
        return "privileges";
    }

    @Override
    public String remedy() {
        return "run as root; in a container, grant these capabilities (for instance --privileged)";
    }

    @Override
    public boolean usesNetwork() {
        return false;
    }

    @Override
    public String tryOut() {
        long effective = 0;
        String user = "";
        for (String line : status()) {
            if (line.startsWith("CapEff:")) {
                effective = Long.parseUnsignedLong(line.substring("CapEff:".length()).strip(), 16);
            } else if (line.startsWith("Uid:")) {
                user = line.split("\\s+")[2];
            }
        }
        List<String> missing = new ArrayList<>();
        for (Needed each : NEEDED) {
            if ((effective >> each.bit() & 1) == 0) {
                missing.add(each.name());
            }
        }
        if (!user.equals("0") || !missing.isEmpty()) {
            throw new CapabilityException("user id " + user
                    + (missing.isEmpty() ? "" : ", without " + String.join(", ", missing)));
        }
        return "root";
    }

    private static List<String> status() {
        try {
            return Files.readAllLines(Path.of("/proc/thread-self/status"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package io.holdfast.node.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.holdfast.consensus.security.KeyFileException;

import io.holdfast.journal.Durability;
import io.holdfast.journal.JournalOptions;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads and validates a node's YAML file. The one place where configuration is built: {@link #load} looks at the
 * file alone, {@link #checkMachine} at what the file expects of this machine.
 */
public final class ConfigLoader {
    /** Ports one group takes from its {@code groupPort} on. */
    public static final int GROUP_PORTS = 4;
    private static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Path file;
    private final List<String> problems = new ArrayList<>();

    private ConfigLoader(Path file) {
        this.file = file;
    }

    /**
     * Reads the file.
     *
     * @throws ConfigException with every problem found
     */
    public static NodeConfig load(Path file) {
        return new ConfigLoader(file).read();
    }

    private NodeConfig read() {
        Section root = new Section("", parse(), problems);
        String self = root.text("node");
        String dataDir = root.text("dataDir");
        boolean joining = root.flag("join", false);
        List<ClusterMember> cluster = new ArrayList<>();
        root.sections("cluster").forEach(s -> cluster.add(member(s)));
        SecurityConfig security = security(root);
        List<ServiceConfig> services = new ArrayList<>();
        for (Section section : root.sections("services")) {
            services.add(service(section, services.size()));
        }
        root.rejectUnknownKeys();
        ClusterMember me = checkCluster(self, cluster, joining);
        checkServices(services, cluster);
        Path dir = absolute(root, "dataDir", dataDir);
        if (!problems.isEmpty()) {
            throw new ConfigException(file, problems);
        }
        return new NodeConfig(me, dir, cluster, security, services, joining);
    }

    private JsonNode parse() {
        try {
            return YAML.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr() + ": ";
            throw new ConfigException(file, List.of(where + "not readable as YAML: "
                    + e.getOriginalMessage().lines().findFirst().orElse("")));
        } catch (IOException e) {
            throw new ConfigException(file, List.of("cannot be read: " + e));
        }
    }

    private ClusterMember member(Section s) {
        ClusterMember member = new ClusterMember(s.text("name"), s.address("address"),
                (int) s.number("adminPort", 1, 65535, 7070));
        s.rejectUnknownKeys();
        return member;
    }

    /** Closed unless the file says "none" in so many letters. */
    private static SecurityConfig security(Section root) {
        if (root.is("security", SecurityConfig.NONE)) {
            return new SecurityConfig(null);
        }
        Section s = root.section("security");
        SecurityConfig security = new SecurityConfig(absolute(s, "key",
                s.text("key", SecurityConfig.DEFAULT_KEY_FILE.toString())));
        s.rejectUnknownKeys();
        return security;
    }

    private ServiceConfig service(Section s, int slot) {
        String name = s.text("name");
        if (!name.isEmpty() && !name.matches("[a-z][a-z0-9-]{0,9}")) {
            s.problem("name", "is '" + name + "': 1 to 10 of a-z, 0-9 and '-' are needed, a letter first");
        }
        Section.Subnet vip = s.subnet("vip");
        ServiceConfig service = new ServiceConfig(name, slot, vip == null ? null : vip.address(),
                vip == null ? 0 : vip.prefixLength(), s.text("interface"),
                (int) s.number("groupPort", 1, 65535 - GROUP_PORTS),
                s.choice("recovery", ServiceConfig.Recovery.class, ServiceConfig.Recovery.REPLAY),
                checkpoint(s.section("checkpoint")), lease(s.section("lease")),
                journal(s.section("journal")), workload(s.section("workload")));
        s.rejectUnknownKeys();
        return service;
    }

    private static CheckpointConfig checkpoint(Section s) {
        CheckpointConfig checkpoint = new CheckpointConfig(
                s.choice("policy", CheckpointConfig.Policy.class, CheckpointConfig.Policy.CRIU),
                s.text("criu", "/opt/holdfast/criu/bin/criu"),
                s.number("intervalMs", 200, 86_400_000, 10_000),
                s.number("maxEntries", 100, Long.MAX_VALUE, 200_000),
                (int) s.number("keep", 1, 1000, 3),
                s.number("maxImageBytes", 1 << 20, Long.MAX_VALUE, 16L << 30));
        s.rejectUnknownKeys();
        return checkpoint;
    }

    private static LeaseConfig lease(Section s) {
        long durationMs = s.number("durationMs", 100, 10_000, 250);
        long heartbeatMs = s.number("heartbeatMs", 5, 1_000, 40);
        if (heartbeatMs * 3 > durationMs) {
            s.problem("heartbeatMs", "is " + heartbeatMs + ": at least three must fit into durationMs " + durationMs);
        }
        LeaseConfig lease = new LeaseConfig(durationMs, heartbeatMs, s.number("marginMs", 1, 1_000, 10));
        s.rejectUnknownKeys();
        return lease;
    }

    private JournalConfig journal(Section s) {
        JournalConfig journal = new JournalConfig(s.choice("durability", Durability.class, Durability.PROCESS),
                (int) s.number("syncIntervalMs", 1, JournalOptions.MAX_SYNC_INTERVAL_MS, 10), retain(s.section("retain")));
        s.rejectUnknownKeys();
        return journal;
    }

    private RetainConfig retain(Section s) {
        RetainConfig.Mode mode = s.choice("mode", RetainConfig.Mode.class, RetainConfig.Mode.DELETE);
        Path archive = null;
        if (mode == RetainConfig.Mode.ARCHIVE) {
            archive = absolute(s, "archiveDir", s.text("archiveDir"));
        } else if (s.has("archiveDir")) {
            s.problem("archiveDir", "is given, but mode is delete");
        }
        RetainConfig retain = new RetainConfig(
                s.number("maxBytes", RetainConfig.MIN_MAX_BYTES, Long.MAX_VALUE, RetainConfig.DEFAULT_MAX_BYTES),
                s.number("maxAgeMs", 0, Long.MAX_VALUE / 1_000_000, 0), mode, archive);
        s.rejectUnknownKeys();
        return retain;
    }

    private WorkloadConfig workload(Section s) {
        List<String> command = s.texts("command");
        if (command.isEmpty()) {
            s.problem("command", "is missing: a list with the program's absolute path and its arguments is needed");
        } else {
            absolute(s, "command", command.get(0));
        }
        List<Path> dataDirectories = new ArrayList<>();
        s.texts("dataDirectories").forEach(d -> dataDirectories.add(absolute(s, "dataDirectories", d)));
        WorkloadConfig workload = new WorkloadConfig(command,
                absolute(s, "workingDirectory", s.text("workingDirectory", "/")),
                dataDirectories, s.textMap("environment"), (int) s.number("readyPort", 0, 65535, 0),
                s.number("readyTimeoutMs", 100, 600_000, 10_000));
        s.rejectUnknownKeys();
        return workload;
    }

    private static Path absolute(Section s, String key, String value) {
        Path path = Path.of(value.isEmpty() ? "/" : value);
        if (!path.isAbsolute()) {
            s.problem(key, "is '" + value + "': an absolute path is needed");
        }
        return path.normalize();
    }

    private ClusterMember checkCluster(String self, List<ClusterMember> cluster, boolean joining) {
        Set<String> names = new HashSet<>();
        Set<String> endpoints = new HashSet<>();
        for (ClusterMember member : cluster) {
            if (!member.name().isEmpty() && !names.add(member.name())) {
                problems.add("cluster has two nodes named '" + member.name() + "'");
            }
            if (member.address() != null && !endpoints.add(member.address().getHostAddress())) {
                problems.add("cluster has two nodes at " + member.address().getHostAddress());
            }
        }
        if (!joining && !cluster.isEmpty() && cluster.size() % 2 == 0) {
            problems.add("cluster has " + cluster.size() + " nodes: an odd number is needed");
        }
        if (joining && cluster.size() == 1) {
            problems.add("join is true, but cluster names no other node");
        }
        ClusterMember me = cluster.stream().filter(m -> m.name().equals(self)).findFirst().orElse(null);
        if (me == null && !self.isEmpty()) {
            problems.add("node '" + self + "' is not in cluster " + cluster.stream().map(ClusterMember::name).toList());
        }
        return me;
    }

    private void checkServices(List<ServiceConfig> services, List<ClusterMember> cluster) {
        for (int i = 0; i < services.size(); i++) {
            ServiceConfig a = services.get(i);
            for (ClusterMember member : cluster) {
                if (a.vip() != null && a.vip().equals(member.address())) {
                    problems.add("services[" + i + "].vip is the address of node '" + member.name() + "'");
                }
                if (member.adminPort() >= a.groupPort() && member.adminPort() < a.groupPort() + GROUP_PORTS) {
                    problems.add("services[" + i + "].groupPort takes ports " + a.groupPort() + " to "
                            + (a.groupPort() + GROUP_PORTS - 1) + ", which meets adminPort of '" + member.name() + "'");
                }
            }
            for (ServiceConfig b : services.subList(0, i)) {
                if (!a.name().isEmpty() && a.name().equals(b.name())) {
                    problems.add("services has two services named '" + a.name() + "'");
                }
                if (a.vip() != null && a.vip().equals(b.vip())) {
                    problems.add("services '" + a.name() + "' and '" + b.name() + "' have the same vip");
                }
                if (Math.abs(a.groupPort() - b.groupPort()) < GROUP_PORTS) {
                    problems.add("services '" + a.name() + "' and '" + b.name() + "' need groupPorts at least "
                            + GROUP_PORTS + " apart");
                }
            }
        }
    }

    /**
     * Checks what the file expects of this machine: interfaces, subnets, directories, programs.
     *
     * @throws ConfigException with every problem found
     */
    public static void checkMachine(Path file, NodeConfig config) {
        List<String> problems = new ArrayList<>();
        checkDirectory(config.dataDir(), problems);
        try {
            config.security().traffic();
        } catch (KeyFileException e) {
            problems.add("security: " + e.getMessage());
        }
        for (ServiceConfig service : config.services()) {
            String place = "service '" + service.name() + "': ";
            checkInterface(service, place, problems);
            checkArchive(config, service, place, problems);
            Path program = Path.of(service.workload().command().get(0));
            if (!Files.isExecutable(program)) {
                problems.add(place + "workload.command: " + program + " is not an executable file");
            }
            if (!Files.isDirectory(service.workload().workingDirectory())) {
                problems.add(place + "workload.workingDirectory: " + service.workload().workingDirectory()
                        + " is not a directory");
            }
            for (Path dir : service.workload().dataDirectories()) {
                if (!Files.isDirectory(dir) || !Files.isWritable(dir)) {
                    problems.add(place + "workload.dataDirectories: " + dir + " is not a writable directory");
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(file, problems);
        }
    }

    private static void checkDirectory(Path dir, List<String> problems) {
        try {
            Files.createDirectories(dir);
        } catch (IOException e) {
            problems.add("dataDir: " + dir + " cannot be made: " + e);
            return;
        }
        if (!Files.isReadable(dir) || !Files.isWritable(dir)) {
            problems.add("dataDir: " + dir + " cannot be read and written");
        }
    }

    /** Files are moved there by renaming them. */
    private static void checkArchive(NodeConfig config, ServiceConfig service, String place, List<String> problems) {
        Path archive = service.journal().retain().archiveDir();
        if (archive == null) {
            return;
        }
        try {
            Files.createDirectories(archive);
            if (!Files.getFileStore(archive).equals(Files.getFileStore(config.dataDir()))) {
                problems.add(place + "journal.retain.archiveDir: " + archive + " is not on the file system of dataDir "
                        + config.dataDir());
            }
        } catch (IOException e) {
            problems.add(place + "journal.retain.archiveDir: " + archive + " cannot be used: " + e);
        }
    }

    private static void checkInterface(ServiceConfig service, String place, List<String> problems) {
        try {
            NetworkInterface device = NetworkInterface.getByName(service.interfaceName());
            if (device == null) {
                problems.add(place + "interface '" + service.interfaceName() + "' does not exist on this machine");
                return;
            }
            boolean inSubnet = device.getInterfaceAddresses().stream().anyMatch(a -> covers(a, service));
            if (!inSubnet) {
                problems.add(place + "vip " + service.vip().getHostAddress() + "/" + service.prefixLength()
                        + " is in no subnet of interface '" + service.interfaceName() + "'");
            }
        } catch (IOException e) {
            problems.add(place + "interface '" + service.interfaceName() + "' cannot be looked at: " + e);
        }
    }

    private static boolean covers(InterfaceAddress own, ServiceConfig service) {
        if (!(own.getAddress() instanceof Inet4Address) || own.getNetworkPrefixLength() != service.prefixLength()) {
            return false;
        }
        int mask = (int) (0xFFFFFFFFL << (32 - service.prefixLength()));
        return (toInt(own.getAddress().getAddress()) & mask) == (toInt(service.vip().getAddress()) & mask);
    }

    private static int toInt(byte[] address) {
        return (address[0] & 0xFF) << 24 | (address[1] & 0xFF) << 16 | (address[2] & 0xFF) << 8 | address[3] & 0xFF;
    }
}

package io.holdfast.node.config;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.holdfast.journal.Durability;
import io.holdfast.journal.JournalOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

class ConfigLoaderTest {
    private static final String GOOD = """
            node: n1
            dataDir: /var/lib/holdfast
            cluster:
              - {name: n1, address: 10.77.0.11, adminPort: 7070}
              - {name: n2, address: 10.77.0.12}
              - {name: n3, address: 10.77.0.13}
            services:
              - name: redis
                vip: 10.77.0.100/24
                interface: eth0
                groupPort: 7800
                workload:
                  command: [/usr/bin/redis-server, --port, 6379]
                  dataDirectories: [/srv/redis]
                  readyPort: 6379
            """;

    @TempDir
    Path dir;

    private NodeConfig load(String yaml) throws IOException {
        return ConfigLoader.load(Files.writeString(dir.resolve("node.yaml"), yaml));
    }

    private List<String> problems(String yaml) {
        return catchThrowableOfType(ConfigException.class, () -> load(yaml)).problems();
    }

    @Test
    void howTheJournalIsKeptIsTheOperatorsChoice() throws IOException {
        assertThat(load(GOOD).services().get(0).journal()).returns(Durability.PROCESS, JournalConfig::durability)
                .returns(10, JournalConfig::syncIntervalMs);
        assertThat(load(GOOD + "    journal: {durability: interval, syncIntervalMs: 5}\n").services().get(0).journal().options("redis"))
                .returns(Durability.INTERVAL, JournalOptions::durability).returns(5, JournalOptions::syncIntervalMs);
        assertThat(problems(GOOD + "    journal: {durability: sometimes, syncIntervalMs: 0}\n")).hasSize(2);
    }

    @Test
    void readsAFileAndFillsInTheDefaults() throws IOException {
        NodeConfig config = load(GOOD);

        assertThat(config.self().name()).isEqualTo("n1");
        assertThat(config.cluster()).hasSize(3).allMatch(m -> m.adminPort() == 7070);
        ServiceConfig service = config.services().get(0);
        assertThat(service.vip().getHostAddress()).isEqualTo("10.77.0.100");
        assertThat(service.recovery()).isEqualTo(ServiceConfig.Recovery.REPLAY);
        assertThat(service.checkpoint().policy()).isEqualTo(CheckpointConfig.Policy.CRIU);
        assertThat(service.lease()).isEqualTo(new LeaseConfig(250, 40, 10));
        assertThat(service.workload().command()).containsExactly("/usr/bin/redis-server", "--port", "6379");
    }

    @Test
    void trafficIsClosedUnlessTheFileSaysOtherwiseByName() throws IOException {
        assertThat(load(GOOD).security().keyFile()).isEqualTo(Path.of("/etc/holdfast/cluster.key"));
        assertThat(load("security: {}\n" + GOOD).security().keyFile()).isEqualTo(Path.of("/etc/holdfast/cluster.key"));
        assertThat(load("security: {key: /root/k}\n" + GOOD).security().keyFile()).isEqualTo(Path.of("/root/k"));
        assertThat(load("security: none\n" + GOOD).security().traffic().isClosed()).isFalse();
    }

    @Test
    void aKeyFileThatCannotBeUsedIsAProblemOfTheMachine() throws IOException {
        Path file = Files.writeString(dir.resolve("node.yaml"), "security: {key: " + dir.resolve("none.key") + "}\n" + GOOD
                .replace("/var/lib/holdfast", dir.resolve("data").toString()));
        ConfigException refused = catchThrowableOfType(ConfigException.class,
                () -> ConfigLoader.checkMachine(file, ConfigLoader.load(file)));
        assertThat(refused.problems()).anyMatch(p -> p.startsWith("security: key file " + dir.resolve("none.key") + " is missing"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "groupPort: 7800|groupPort: 7800\\n    colour: red|services[0].colour is not a known key",
            "node: n1|node: n9|node 'n9' is not in cluster [n1, n2, n3]",
            "name: n2|name: n1|cluster has two nodes named 'n1'",
            "10.77.0.12|10.77.0.11|cluster has two nodes at 10.77.0.11",
            "10.77.0.100/24|10.77.0.100|services[0].vip is '10.77.0.100': an address with its prefix length",
            "10.77.0.100/24|10.77.0.12/24|services[0].vip is the address of node 'n2'",
            "10.77.0.100/24|example.org/24|services[0].vip is 'example.org': a literal IPv4 address is needed",
            "groupPort: 7800|groupPort: 99999|services[0].groupPort is 99999: a whole number from 1 to",
            "groupPort: 7800|groupPort: 7068|which meets adminPort of 'n1'",
            "name: redis|name: Redis Main|services[0].name is 'Redis Main'",
            "/usr/bin/redis-server|redis-server|services[0].workload.command is 'redis-server': an absolute path",
            "readyPort: 6379|readyPort: many|services[0].workload.readyPort is \"many\"",
            "node: n1|security: off\\nnode: n1|security must be a mapping",
            "node: n1|security: {key: cluster.key}\\nnode: n1|security.key is 'cluster.key': an absolute path",
            "node: n1|security: {keys: /a}\\nnode: n1|security.keys is not a known key",
            "dataDir: /var/lib/holdfast|dataDir: holdfast|dataDir is 'holdfast': an absolute path",
    })
    void saysWhatIsWrongAndWhere(String part, String instead, String message) {
        String yaml = GOOD.replace(part, instead.replace("\\n", "\n"));
        assertThat(yaml).isNotEqualTo(GOOD);

        assertThat(problems(yaml)).anyMatch(p -> p.contains(message));
    }

    @Test
    void collectsEveryProblemAtOnce() {
        assertThat(problems("node: n1\ncluster: []\nextra: 1\n")).hasSizeGreaterThanOrEqualTo(4);
    }

    @Test
    void anEvenClusterIsRefused() {
        assertThat(problems(GOOD.replace("  - {name: n3, address: 10.77.0.13}\n", "")))
                .containsExactly("cluster has 2 nodes: an odd number is needed");
    }

    @Test
    void aKeyGivenTwiceIsRefusedWithItsLine() {
        assertThatThrownBy(() -> load(GOOD + "node: n2\n")).isInstanceOf(ConfigException.class)
                .hasMessageContaining("line ").hasMessageContaining("Duplicate");
    }

    @Test
    void aJournalIsBoundedUnlessToldOtherwiseAndAnArchiveNeedsAPlace() throws IOException {
        RetainConfig retain = load(GOOD).services().get(0).journal().retain();
        assertThat(retain.maxBytes()).isEqualTo(4L << 30);
        assertThat(retain.mode()).isEqualTo(RetainConfig.Mode.DELETE);
        retain = load(withJournal("{retain: {maxBytes: 8388608, maxAgeMs: 60000, mode: archive, archiveDir: /audit}}"))
                .services().get(0).journal().retain();
        assertThat(retain.maxAgeMs()).isEqualTo(60_000);
        assertThat(retain.archiveDir()).isEqualTo(Path.of("/audit"));
        assertThat(retain.fileBytes() * 2).isLessThanOrEqualTo(retain.maxBytes() / 2);
        assertThatThrownBy(() -> load(withJournal("{retain: {maxBytes: 1000}}"))).hasMessageContaining("maxBytes is 1000");
        assertThatThrownBy(() -> load(withJournal("{retain: {mode: archive}}"))).hasMessageContaining("archiveDir is missing");
        assertThatThrownBy(() -> load(withJournal("{retain: {archiveDir: /audit}}"))).hasMessageContaining("mode is delete");
    }

    private static String withJournal(String yaml) {
        return GOOD.replace("    workload:", "    journal: " + yaml + "\n    workload:");
    }

    @Test
    void aNodeThatJoinsMayBeOneOfAnEvenNumberButNotAlone() throws IOException {
        String two = GOOD.replaceFirst("  - \\{name: n3.*\n", "");
        assertThatThrownBy(() -> load(two)).hasMessageContaining("an odd number is needed");
        assertThat(load(two + "join: true\n").joining()).isTrue();
        assertThatThrownBy(() -> load(GOOD + "join: perhaps\n")).hasMessageContaining("join is \"perhaps\": true or false");
    }

    @Test
    void textThatIsNoYamlIsRefusedWithItsLine() {
        assertThatThrownBy(() -> load("node: [n1\n")).isInstanceOf(ConfigException.class)
                .hasMessageContaining("line ").hasMessageContaining("not readable as YAML");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> ConfigLoader.load(dir.resolve("none.yaml"))).isInstanceOf(ConfigException.class)
                .hasMessageContaining("none.yaml").hasMessageContaining("cannot be read");
    }

    @Test
    void theMachineIsCheckedForWhatTheFileExpects() throws IOException {
        NodeConfig config = load(GOOD.replace("eth0", "nosuch0").replace("/usr/bin/redis-server", "/nosuch/server")
                .replace("/srv/redis", dir.resolve("missing").toString())
                .replace("/var/lib/holdfast", dir.resolve("data").toString()));

        assertThatThrownBy(() -> ConfigLoader.checkMachine(dir.resolve("node.yaml"), config))
                .hasMessageContaining("interface 'nosuch0' does not exist")
                .hasMessageContaining("/nosuch/server is not an executable file")
                .hasMessageContaining("missing is not a writable directory");
    }

    @Test
    void aVipOutsideTheInterfacesSubnetIsRefused() throws IOException {
        NodeConfig config = load(GOOD.replace("eth0", "lo").replace("/srv/redis", dir.toString())
                .replace("/usr/bin/redis-server", "/bin/sh").replace("/var/lib/holdfast", dir.toString()));

        assertThatThrownBy(() -> ConfigLoader.checkMachine(dir.resolve("node.yaml"), config))
                .hasMessageContaining("vip 10.77.0.100/24 is in no subnet of interface 'lo'");
    }

    @Test
    void anUnreadableDataDirectoryIsRefused() throws IOException {
        Path file = Files.writeString(dir.resolve("plain"), "a file, not a directory");
        NodeConfig config = load(GOOD.replace("/var/lib/holdfast", file.toString()));

        assertThatThrownBy(() -> ConfigLoader.checkMachine(dir.resolve("node.yaml"), config))
                .hasMessageContaining("dataDir: " + file + " cannot be made");
    }
}

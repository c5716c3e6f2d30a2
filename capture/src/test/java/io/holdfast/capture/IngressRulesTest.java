package io.holdfast.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IngressRulesTest {
    private TestNamespace node;

    @BeforeEach
    void open() {
        node = new TestNamespace("r");
    }

    @AfterEach
    void close() {
        node.close();
    }

    private List<String> rules() {
        return node.run("iptables", "-t", "raw", "-S", "PREROUTING").lines().filter(line -> line.startsWith("-A")).toList();
    }

    private void run(Runnable body) {
        node.call(() -> {
            body.run();
            return null;
        });
    }

    @Test
    void areInstalledOnceAndFirst() {
        node.run("iptables", "-t", "raw", "-A", "PREROUTING", "-j", "ACCEPT");
        IngressRules rules = new IngressRules("redis", "10.0.0.9", 3, "hfl0");
        assertThat(node.call(rules::isInstalled)).isFalse();
        run(rules::install);
        run(rules::install);
        assertThat(rules()).hasSize(3);
        assertThat(rules().get(0)).contains("-d 10.0.0.9/32", "! -i hfl0", "-j NFQUEUE --queue-num 3")
                .doesNotContain("bypass");
        assertThat(rules().get(2)).isEqualTo("-A PREROUTING -j ACCEPT");
        assertThat(node.call(rules::isInstalled)).isTrue();
        run(rules::remove);
        run(rules::remove);
        assertThat(rules()).containsExactly("-A PREROUTING -j ACCEPT");
        assertThat(node.call(rules::isInstalled)).isFalse();
    }

    @Test
    void replaceThoseOfADeadPredecessorAndNoOthers() {
        IngressRules neighbour = new IngressRules("redis-2", "10.0.0.8", 4, null);
        run(neighbour::install);
        run(new IngressRules("redis", "10.0.0.9", 3, "hfl0")::install);
        IngressRules successor = new IngressRules("redis", "10.0.0.10", 6, null);
        run(successor::install);
        assertThat(rules()).hasSize(4).noneMatch(rule -> rule.contains("10.0.0.9"));
        run(successor::remove);
        assertThat(rules()).hasSize(2).allMatch(rule -> rule.contains("10.0.0.8/32"));
        assertThat(node.call(neighbour::isInstalled)).isTrue();
    }

    @Test
    void namesThatIptablesWouldReadAsSomethingElseAreRefused() {
        assertThatThrownBy(() -> new IngressRules("a b", "10.0.0.9", 3, null))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new IngressRules("a", "10.0.0.999", 3, null))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

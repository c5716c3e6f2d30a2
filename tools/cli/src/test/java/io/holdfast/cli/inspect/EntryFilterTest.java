package io.holdfast.cli.inspect;

import static io.holdfast.cli.inspect.JournalOf.ACK;
import static io.holdfast.cli.inspect.JournalOf.SYN;
import static io.holdfast.cli.inspect.JournalOf.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.journal.EntryKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EntryFilterTest {
    @TempDir
    Path dir;

    @BeforeEach
    void write() {
        try (JournalOf journal = new JournalOf(dir)) {
            journal.append(EntryKind.TERM_START, new byte[0]);      // 1
            journal.tcp(1, SYN, 100, 0, "");                        // 2
            journal.tcp(1, ACK, 101, 500, "GET key");               // 3
            journal.later(60_000).tcp(2, ACK, 101, 500, "SET key"); // 4
            journal.udp(3, "GET name");                             // 5
            journal.term = 2;
            journal.append(EntryKind.MARK, "{\"node\":\"n1\"}");    // 6
            journal.later(60_000).tcp(1, ACK, 108, 500, "GET other"); // 7
        }
    }

    private List<Long> list(String... options) {
        List<String> all = new ArrayList<>(List.of("list", dir.toString()));
        all.addAll(List.of(options));
        JournalOf.Answer answer = ask(all.toArray(String[]::new));
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        return answer.out().lines().map(line -> Long.parseLong(line.strip().split(" ")[0])).toList();
    }

    @Test
    void eachNarrowsAndAllMustHold() {
        assertThat(list()).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L);
        assertThat(list("--grep", "GET")).containsExactly(3L, 5L, 7L);
        assertThat(list("--grep", "GET", "--port", "1")).containsExactly(3L, 7L);
        assertThat(list("--grep", "GET", "--port", "1", "--term", "1")).containsExactly(3L);
        assertThat(list("--from", "+30s", "--to", "5")).containsExactly(4L, 5L);
        assertThat(list("--from", "-30s")).containsExactly(7L);
        assertThat(list("--kind", "MARK,TERM_START")).containsExactly(1L, 6L);
        assertThat(list("--connection", "10.0.0.7:1", "--reverse", "--limit", "2")).containsExactly(7L, 3L);
        assertThat(list("--peer", "10.0.0.7", "--from", "2", "--to", "3")).containsExactly(2L, 3L);
        assertThat(list("--peer", "10.0.0.8")).isEmpty();
    }

    @Test
    void expressionsOfTcpdumpNarrowToo() {
        assertThat(list("--filter", "udp")).containsExactly(5L);
        assertThat(list("--filter", "tcp src port 1")).containsExactly(2L, 3L, 7L);
        assertThat(list("--filter", "tcp[tcpflags] & tcp-syn != 0")).containsExactly(2L);
        assertThat(list("--filter", "tcp and src net 10.0.0.0/24", "--grep", "GET", "--term", "2")).containsExactly(7L);
        JournalOf.Answer answer = ask("list", dir.toString(), "--filter", "tcp port of call");
        assertThat(answer.exitCode()).isEqualTo(2);
        assertThat(answer.err()).contains("is no filter expression").contains("of call");
    }

    @Test
    void nonsenseIsRefused() {
        for (String[] each : new String[][] {{"--from", "soon"}, {"--peer", "host"}, {"--grep", "("}, {"--kind", "NONE"}, {"--connection", "x"}}) {
            assertThat(ask("list", dir.toString(), each[0], each[1]).exitCode()).as(each[0]).isEqualTo(2);
        }
    }
}

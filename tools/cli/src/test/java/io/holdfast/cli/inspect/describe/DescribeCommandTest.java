package io.holdfast.cli.inspect.describe;

import static io.holdfast.cli.inspect.JournalOf.ACK;
import static io.holdfast.cli.inspect.JournalOf.SYN;
import static io.holdfast.cli.inspect.JournalOf.ask;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.inspect.JournalOf;
import io.holdfast.journal.EntryKind;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescribeCommandTest {
    @TempDir
    Path dir;

    private void write() {
        try (JournalOf journal = new JournalOf(dir)) {
            journal.append(EntryKind.TERM_START, new byte[0]);
            journal.tcp(1, SYN, 100, 0, "");
            journal.tcp(1, ACK, 101, 500, "GET");
            long mark = journal.append(EntryKind.MARK, "{\"node\":\"n1\",\"reason\":\"interval\"}");
            journal.later(250).append(EntryKind.CHECKPOINT_READY, "{\"markIndex\":" + mark + ",\"manifestSha256\":\"abcdef0123456789\","
                    + "\"bytes\":4096,\"holders\":[\"n1\",\"n3\"],\"node\":\"n1\",\"gateClosedMs\":61.5}");
            journal.term = 2;
            journal.later(30_000).append(EntryKind.TERM_START, new byte[0]);
            journal.append(EntryKind.TAKEOVER_STEP, "{\"step\":\"ELECTED\",\"node\":\"n2\",\"elapsedMs\":1.5}");
            journal.append(EntryKind.TAKEOVER_STEP, "{\"step\":\"LIVE\",\"node\":\"n2\",\"elapsedMs\":9,\"counts\":{\"survived\":1}}");
            journal.journal().commitIndex(7);
        }
    }

    @Test
    void sumsUpAJournal() {
        write();
        JournalOf.Answer answer = ask("describe", dir.toString());
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        assertThat(answer.out()).contains("1 to 8, committed to 7").contains("n1, n2, n3").contains("term 2 led by n2, entries 6 to 8")
                .contains("mark 4 by n1 (interval), ready at entry 5 after 250 ms, gate closed 61.5 ms, 4096 bytes at n1, n3, manifest abcdef012345,")
                .contains("term 2 by n2").contains("ELECTED 1.5 ms LIVE 9.0 ms, survived 1").contains("1, 1 OPEN")
                .contains("nothing for 30 s after entry 5").contains("none at the beginning");
    }

    @Test
    void theObjectHasTheSame() throws Exception {
        write();
        JsonNode all = new ObjectMapper().readTree(ask("describe", dir.toString(), "--json").out());
        assertThat(all.at("/kinds/PACKET/entries").asLong()).isEqualTo(2);
        assertThat(all.at("/takeovers/0/complete").asBoolean()).isTrue();
        assertThat(all.at("/connections/OPEN").asLong()).isEqualTo(1);
        assertThat(all.at("/checkpoints/0/readyIndex").asLong()).isEqualTo(5);
        assertThat(all.at("/pauses/0/ms").asLong()).isEqualTo(30_000);
    }

    @Test
    void nonsenseInBodiesIsNoReasonToFail() {
        try (JournalOf journal = new JournalOf(dir)) {
            for (EntryKind kind : EntryKind.values()) {
                if (!kind.isRecordOnly()) {
                    journal.append(kind, "{\"counts\":[1],\"holders\":7,\"node\":{},\"step\":null");
                    journal.append(kind, "{\"counts\":[1],\"holders\":7,\"node\":{},\"step\":null,\"markIndex\":-1,\"connection\":3}");
                }
            }
        }
        assertThat(ask("describe", dir.toString()).exitCode()).isZero();
        assertThat(ask("describe", dir.toString(), "--json").exitCode()).isZero();
        assertThat(ask("connections", dir.toString()).exitCode()).isZero();
    }
}

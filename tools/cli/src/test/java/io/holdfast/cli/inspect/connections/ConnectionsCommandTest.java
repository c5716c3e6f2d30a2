package io.holdfast.cli.inspect.connections;

import static io.holdfast.cli.inspect.JournalOf.ACK;
import static io.holdfast.cli.inspect.JournalOf.FIN;
import static io.holdfast.cli.inspect.JournalOf.RST;
import static io.holdfast.cli.inspect.JournalOf.SYN;
import static io.holdfast.cli.inspect.JournalOf.ask;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.inspect.JournalOf;
import io.holdfast.journal.EntryKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionsCommandTest {
    private static final String SERVER = "->10.0.0.100:6379";

    @TempDir
    Path top;
    private Path dir;
    private JournalOf journal;

    @BeforeEach
    void open() {
        dir = top.resolve("journal");
        journal = new JournalOf(dir);
    }

    @AfterEach
    void close() {
        journal.close();
    }

    private List<JsonNode> connections(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("connections", dir.toString(), "--json"));
        arguments.addAll(List.of(more));
        JournalOf.Answer answer = ask(arguments.toArray(String[]::new));
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        List<JsonNode> found = new ArrayList<>();
        for (String line : answer.out().lines().toList()) {
            found.add(new ObjectMapper().readTree(line));
        }
        return found;
    }

    private void open(int port, long first) {
        journal.tcp(port, SYN, first, 0, "");
        journal.tcp(port, ACK, first + 1, 500, "");
    }

    @Test
    void oneLineAConnectionWithWhatWasSentAndAnswered() throws IOException {
        open(1, 100);
        journal.tcp(1, ACK, 101, 500, "GET x");
        journal.tcp(1, ACK, 101, 500, "GET x");
        journal.tcp(1, ACK, 106, 580, "");
        journal.tcp(1, ACK | FIN, 106, 581, "");
        journal.tcp(2, SYN, 7, 0, "");
        journal.tcp(2, SYN, 7, 0, "");
        open(3, 50);
        journal.tcp(3, RST, 51, 0, "");
        journal.udp(9, "who?");
        List<JsonNode> found = connections();
        assertThat(found).extracting(each -> each.get("connection").asText()).containsExactly("10.0.0.7:1" + SERVER, "10.0.0.7:2" + SERVER,
                "10.0.0.7:3" + SERVER, "10.0.0.7:9->10.0.0.100:53");
        assertThat(found).extracting(each -> each.get("state").asText()).containsExactly("CLOSED", "REFUSED", "RESET", "FLOW");
        JsonNode first = found.get(0);
        assertThat(first.get("receivedBytes").asLong()).isEqualTo(5);
        assertThat(first.get("repeatedBytes").asLong()).isEqualTo(5);
        assertThat(first.get("answeredBytes").asLong()).isEqualTo(81);
        assertThat(first.get("packets").asLong()).isEqualTo(6);
        assertThat(found.get(3).get("receivedBytes").asLong()).isEqualTo(4);
        assertThat(ask("connections", dir.toString()).out()).contains("10.0.0.7:1" + SERVER).contains("CLOSED").contains("5 bytes repeated");
    }

    @Test
    void takeoversAreSurvivedOrNot() throws IOException {
        open(1, 100);
        open(2, 100);
        journal.append(EntryKind.TAKEOVER_STEP, "{\"step\":\"ELECTED\",\"node\":\"n2\"}");
        journal.append(EntryKind.CONNECTION_CLOSED, "{\"connection\":\"10.0.0.7:2" + SERVER + "\",\"reason\":\"parted\"}");
        journal.append(EntryKind.TAKEOVER_STEP, "{\"step\":\"LIVE\",\"node\":\"n2\"}");
        journal.tcp(1, ACK, 101, 500, "more");
        open(4, 9);
        List<JsonNode> found = connections();
        assertThat(found).extracting(each -> each.get("takeovers").asInt()).containsExactly(1, 0, 0);
        assertThat(found.get(1).get("state").asText()).isEqualTo("GIVEN_UP");
        assertThat(found.get(1).get("reason").asText()).isEqualTo("parted");
    }

    @Test
    void portsUsedAgainAreAnotherConnection() throws IOException {
        open(1, 100);
        journal.tcp(1, ACK | FIN, 101, 500, "one");
        open(1, 9_000);
        journal.tcp(1, ACK, 9_001, 500, "two");
        List<JsonNode> found = connections();
        assertThat(found).extracting(each -> each.get("connection").asText()).containsExactly("10.0.0.7:1" + SERVER,
                "10.0.0.7:1" + SERVER + "#2");
        assertThat(stream("10.0.0.7:1#2", "-o", top.resolve("two").toString()).exitCode()).isZero();
        assertThat(Files.readString(top.resolve("two"))).isEqualTo("two");
    }

    @Test
    void aForgedSynDoesNotEndAConnectionAndARealOneBeginsAnother() throws IOException {
        open(1, 100);
        journal.tcp(1, SYN, 77_000, 0, "");
        journal.tcp(1, ACK, 101, 500, "on");
        assertThat(connections()).hasSize(1);
        journal.tcp(1, SYN, 88_000, 0, "");
        journal.tcp(1, ACK, 88_001, 700, "new");
        assertThat(connections()).extracting(each -> each.get("receivedBytes").asInt()).containsExactly(2, 3);
    }

    @Test
    void aResetThatDoesNotFitIsNone() throws IOException {
        open(1, 100);
        journal.tcp(1, RST, 55_000, 0, "");
        journal.tcp(1, ACK, 101, 500, "on");
        assertThat(connections().get(0).get("state").asText()).isEqualTo("OPEN");
    }

    @Test
    void oneFromBeforeTheJournalBeginsInTheMiddleAlsoWithAKeepAlive() throws IOException {
        journal.tcp(1, ACK, 4_999, 900, "");
        journal.tcp(1, ACK, 5_000, 900, "rest");
        JsonNode found = connections().get(0);
        assertThat(found.get("begunBefore").asBoolean()).isTrue();
        assertThat(found.get("receivedBytes").asLong()).isEqualTo(4);
        assertThat(found.get("waitingBytes").asLong()).isZero();
    }

    @Test
    void filtersChoose() throws IOException {
        open(1, 100);
        long from = journal.tcp(2, SYN, 7, 0, "");
        assertThat(connections("--from", Long.toString(from))).extracting(each -> each.get("connection").asText())
                .containsExactly("10.0.0.7:2" + SERVER);
        assertThat(connections("--port", "1")).hasSize(1);
        assertThat(connections("--peer", "10.0.0.8")).isEmpty();
    }

    private JournalOf.Answer stream(String connection, String... more) {
        List<String> arguments = new ArrayList<>(List.of("stream", dir.toString(), connection));
        arguments.addAll(List.of(more));
        return ask(arguments.toArray(String[]::new));
    }

    @Test
    void aStreamIsPrintedInRowsWhateverItsPieces() {
        open(1, 100);
        journal.tcp(1, ACK, 104, 500, "defghijklmnopqrstuvwxyz");
        journal.tcp(1, ACK, 101, 500, "abc");
        JournalOf.Answer answer = stream("10.0.0.7:1", "--hex");
        assertThat(answer.exitCode()).isZero();
        assertThat(answer.out().lines()).hasSize(2).first().asString().endsWith("|abcdefghijklmnop|");
        assertThat(answer.err()).contains("26 bytes").contains("OPEN");
    }

    @Test
    void whatIsMissingIsSaid() {
        open(1, 100);
        journal.tcp(1, ACK, 104, 500, "def");
        JournalOf.Answer answer = stream("10.0.0.7:1", "--hex");
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.err()).contains("3 more bytes stand behind a gap at byte 0");
        assertThat(stream("10.0.0.7:2", "-o", top.resolve("none").toString()).exitCode()).isEqualTo(1);
        assertThat(top.resolve("none")).doesNotExist();
        assertThat(top).isDirectoryNotContaining("glob:**partial*");
        assertThat(stream("nonsense").exitCode()).isEqualTo(2);
    }
}

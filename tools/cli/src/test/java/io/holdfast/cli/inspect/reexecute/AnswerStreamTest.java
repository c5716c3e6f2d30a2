package io.holdfast.cli.inspect.reexecute;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.restore.connection.TcpTuple;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerStreamTest {
    private static final TcpTuple TUPLE = TcpTuple.parse("10.0.0.7:40112->10.0.0.100:6379");
    /** Numbers wrap around in the middle of the answers. */
    private static final int FIRST = -3;

    private final AnswerStream stream = new AnswerStream(TUPLE, 12, FIRST, 1000);

    @Test
    void digestsEachByteOnceHoweverOftenAndInWhateverPiecesItIsSent() {
        sent(0, "+OK\r\n");
        sent(0, "+OK\r\n");
        sent(3, "\r\n:1\r\n");
        sent(2, "K\r");
        stream.acknowledged(FIRST + 7);
        sent(9, ":2");
        stream.acknowledged(FIRST + 7);
        expect("+OK\r\n:1", "+OK\r\n:1\r\n:2");
        stream.acknowledged(FIRST + 4);
        expect("+OK\r\n:1", "+OK\r\n:1\r\n:2");
        stream.acknowledged(FIRST + 12); // one beyond: a FIN
        expect("+OK\r\n:1\r\n:2", "+OK\r\n:1\r\n:2");
        assertThat(stream.report().missingBytes()).isZero();
        assertThat(stream.report().parting()).isNull();
    }

    @Test
    void tellsOfBytesItNeverSaw() {
        sent(0, "ab");
        sent(5, "fg");
        assertThat(stream.report().missingBytes()).isEqualTo(3);
    }

    @Test
    void tellsWhereAnswersEndAlthoughMoreIsAcknowledgedAndOnlyTheFirstTime() {
        sent(0, "abcd");
        stream.acknowledged(FIRST + 2);
        stream.cut(77, FIRST + 9, FIRST + 4);
        stream.cut(78, FIRST + 20, FIRST + 4);
        assertThat(stream.report().parting()).isEqualTo(new ReexecutionReport.Parting(77, 1004, 5));
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "4999, 7", "5000, 7", "2500, 900", "899, 900", "901, 900", "5000, 5000", "1, 5000", "4096, 512"})
    void acknowledgementsAtAnyPlaceLeadToTheSameDigest(int at, int piece) {
        AnswerStream cut = new AnswerStream(TUPLE, 12, FIRST, 0);
        byte[] all = new byte[5000];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i * 31 >>> 3);
        }
        for (int from = 0; from < all.length; from += piece) {
            cut.sent(FIRST + from, ByteBuffer.wrap(all), from, Math.min(piece, all.length - from));
            cut.acknowledged(FIRST + Math.min(at, from));
        }
        cut.acknowledged(FIRST + at);
        assertThat(cut.report().acknowledgedBytes()).isEqualTo(at);
        assertThat(cut.report().producedSha256()).isEqualTo(HexFormat.of().formatHex(AnswerStream.sha256().digest(all)));
    }

    private void sent(int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        stream.sent(FIRST + offset, ByteBuffer.wrap(bytes), 0, bytes.length);
    }

    private void expect(String acknowledged, String produced) {
        assertThat(stream.report().acknowledgedBytes()).isEqualTo(acknowledged.length());
        assertThat(stream.report().acknowledgedSha256()).isEqualTo(sha256(acknowledged));
        assertThat(stream.report().producedBytes()).isEqualTo(produced.length());
        assertThat(stream.report().producedSha256()).isEqualTo(sha256(produced));
    }

    private static String sha256(String text) {
        return HexFormat.of().formatHex(AnswerStream.sha256().digest(text.getBytes(StandardCharsets.US_ASCII)));
    }
}

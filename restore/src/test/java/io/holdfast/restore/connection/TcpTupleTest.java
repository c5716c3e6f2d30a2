package io.holdfast.restore.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class TcpTupleTest {
    @Property
    void isReadBackFromItsTextAndItsKeys(@ForAll int client, @ForAll @IntRange(max = 65535) int clientPort,
                                         @ForAll int server, @ForAll @IntRange(max = 65535) int serverPort) {
        TcpTuple tuple = new TcpTuple(client, clientPort, server, serverPort);
        assertThat(TcpTuple.parse(tuple.toString())).isEqualTo(tuple);
        assertThat(TcpTuple.ofEndpoints(tuple.client(), tuple.server())).isEqualTo(tuple);
    }

    @Example
    void looksFamiliar() {
        assertThat(TcpTuple.parse("10.0.0.1:40000->192.168.255.254:6379")).hasToString("10.0.0.1:40000->192.168.255.254:6379");
    }

    @Example
    void refusesOtherText() {
        for (String text : new String[] {"", "10.0.0.1:1", "10.0.0.1:1->10.0.0.2", "10.0.0.1:65536->10.0.0.2:1",
            "10.0.0.256:1->10.0.0.2:1", "10.0.0.1:x->10.0.0.2:1"}) {
            assertThatThrownBy(() -> TcpTuple.parse(text)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}

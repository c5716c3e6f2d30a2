package io.holdfast.capture.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NetlinkSocketTest {
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int IFLA_IFNAME = 3;

    @Test
    void aDumpListsTheInterfacesJavaSees() throws Exception {
        List<String> names = new ArrayList<>();
        NetlinkWriter writer = new NetlinkWriter(256);
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE)) {
            writer.begin(RTM_GETLINK, NetlinkWriter.NLM_F_DUMP).putBytes(new byte[16]).end();
            socket.request("RTM_GETLINK", writer, message -> {
                NetlinkAttributes attributes = message.attributes(new NetlinkAttributes(), 16);
                assertThat(attributes.find(IFLA_IFNAME)).isTrue();
                names.add(attributes.string());
            });
        }
        assertThat(names).contains("lo");
        for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
            assertThat(names).contains(each.getName());
        }
    }

    @Test
    void aRefusalCarriesTheErrorNumberAndTheKernelsWords() {
        NetlinkWriter writer = new NetlinkWriter(256);
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE)) {
            // ifaddrmsg for interface 2147483647, without an address
            writer.begin(RTM_NEWADDR, NetlinkWriter.NLM_F_CREATE)
                    .putU8(LibC.AF_INET).putU8(24).putU8(0).putU8(0).putU32(Integer.MAX_VALUE).end();
            assertThatThrownBy(() -> socket.request("RTM_NEWADDR", writer))
                    .isInstanceOfSatisfying(SystemCallException.class, e -> {
                        assertThat(e.errno()).isIn(Errno.EINVAL, Errno.ENODEV, Errno.EPERM);
                        assertThat(e).hasMessageContaining("RTM_NEWADDR").hasMessageContaining("errno " + e.errno());
                    });
            assertThat(socket.lastErrorText()).isNotEmpty();
            writer.clear().begin(RTM_GETLINK, NetlinkWriter.NLM_F_DUMP).putBytes(new byte[16]).end();
            socket.request("the socket still works", writer);
        }
    }

    @Test
    void systemCallsReturnTheNegatedErrorNumber() {
        assertThat(LibC.close(-1)).isEqualTo(-Errno.EBADF);
        assertThatThrownBy(() -> LibC.check("close", LibC.close(-1)))
                .isInstanceOf(SystemCallException.class).hasMessage("close: Bad file descriptor (errno 9)");
    }

    @Test
    void anEventFdWakesAPoll() {
        try (EventFd event = new EventFd()) {
            PollSet poll = new PollSet(event.number());
            assertThat(poll.await(0)).isZero();
            event.signal();
            event.signal();
            assertThat(poll.await(1000)).isOne();
            assertThat(poll.isReadable(0)).isTrue();
            assertThat(event.clear()).isTrue();
            assertThat(event.clear()).isFalse();
            assertThat(poll.await(0)).isZero();
        }
    }
}

package io.holdfast.capture;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.RouteNetlink;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The address clients talk to, on this node's outside interface; owned by one thread. The interface is looked up once,
 * so one that was removed and made anew needs a new object.
 */
public final class VirtualAddress implements AutoCloseable {
    private static final int ETHERTYPE_ARP = 0x0806;
    private static final int ETHERNET_HEADER_BYTES = 14;
    private static final int ARP_BYTES = 28;
    private static final int MAC_BYTES = 6;
    private static final int ARP_REQUEST = 1;
    private static final int ARP_REPLY = 2;
    private static final int SOCKADDR_LL_BYTES = 20;

    private final int address;
    private final int prefixLength;
    private final RouteNetlink route;
    private final RouteNetlink.Link link;
    private final Descriptor packetSocket;
    private final ByteBuffer linkAddress = LibC.direct(SOCKADDR_LL_BYTES);
    private final ByteBuffer request;
    private final ByteBuffer reply;

    /**
     * Prepares everything, so that {@link #add} and {@link #announce} are one system call each; changes nothing yet.
     *
     * @param address first octet highest, see {@link Ipv4Packet#address}
     */
    public VirtualAddress(String interfaceName, int address, int prefixLength) {
        this.address = address;
        this.prefixLength = prefixLength;
        this.route = new RouteNetlink();
        try {
            this.link = route.link(interfaceName);
            if (link.hardwareType() != RouteNetlink.ETHERNET) {
                throw new IllegalArgumentException(interfaceName + " is no Ethernet interface");
            }
            // Protocol 0: it sends only, so the kernel need not copy frames to it (packet(7)).
            this.packetSocket = Descriptor.socket(LibC.AF_PACKET, LibC.SOCK_RAW, 0, "packet socket");
        } catch (RuntimeException e) {
            route.close();
            throw e;
        }
        // struct sockaddr_ll: family, protocol (big-endian), interface, then what the frame itself says
        linkAddress.putShort(0, (short) LibC.AF_PACKET).putInt(4, link.index());
        linkAddress.duplicate().order(ByteOrder.BIG_ENDIAN).putShort(2, (short) ETHERTYPE_ARP);
        request = announcement(ARP_REQUEST);
        reply = announcement(ARP_REPLY);
    }

    /** An ARP announcement (RFC 5227, section 3): the address as sender and target, to everybody. */
    private ByteBuffer announcement(int operation) {
        ByteBuffer frame = LibC.direct(ETHERNET_HEADER_BYTES + ARP_BYTES).order(ByteOrder.BIG_ENDIAN);
        byte[] everybody = {-1, -1, -1, -1, -1, -1};
        byte[] own = link.hardwareAddress();
        frame.put(everybody).put(own).putShort((short) ETHERTYPE_ARP);
        frame.putShort((short) 1).putShort((short) 0x0800).put((byte) MAC_BYTES).put((byte) Integer.BYTES);
        frame.putShort((short) operation).put(own).putInt(address);
        // A request's target hardware address is ignored; a reply repeats the sender's (RFC 2002, section 4.6).
        frame.put(operation == ARP_REPLY ? own : new byte[MAC_BYTES]).putInt(address);
        return frame;
    }

    /** Adds the address. Returns false if it was there already. */
    public boolean add() {
        return route.addAddress(link.index(), address, prefixLength);
    }

    /** Removes the address. Returns false if it was not there. */
    public boolean remove() {
        return route.removeAddress(link.index(), address, prefixLength);
    }

    public boolean isPresent() {
        return route.hasAddress(link.index(), address);
    }

    /**
     * Tells all neighbours that the address is at this interface, as an ARP request and as a reply: each is what some
     * stacks listen to. The kernel's tables learn it at once, lock time or not (net/ipv4/arp.c, arp_is_garp).
     *
     * @return false if the egress rules hold it back because the claim is not granted, see {@link EgressLease}
     */
    public boolean announce(int times) {
        boolean sent = true;
        for (int i = 0; i < times; i++) {
            sent &= send(request);
            sent &= send(reply);
        }
        return sent;
    }

    private boolean send(ByteBuffer frame) {
        long result = LibC.sendto(packetSocket.number(), LibC.addressOf(frame), frame.capacity(), 0,
                LibC.addressOf(linkAddress), SOCKADDR_LL_BYTES);
        Reference.reachabilityFence(frame);
        if (result == -Errno.ENOBUFS || result == -Errno.EPERM) {
            return false;
        }
        LibC.check("sendto(ARP)", result);
        return true;
    }

    /** Closes the sockets; the address stays as it is. */
    @Override
    public void close() {
        packetSocket.close();
        route.close();
    }
}

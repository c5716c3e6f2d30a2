package io.holdfast.capture;

import io.holdfast.capture.linux.Command;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import io.holdfast.capture.linux.SystemCallException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The right to send with the virtual address as source, kept by the kernel (I2); owned by one thread at a time.
 *
 * <p>A chain on the egress hook of the outside interface drops what bears the address unless the address is in a set
 * whose elements expire: {@code lease} for IPv4, {@code claim} for ARP, so that a node can draw clients' packets to
 * itself before it may answer them. The process renews; if it stops, the kernel ends the right by itself. The chain
 * outlives the process on purpose: a crash leaves egress shut. Element timeouts are rounded down to ticks of the
 * kernel's clock (4 ms at HZ=250), so a right ends up to two ticks early and never late.
 */
public final class EgressLease implements AutoCloseable {
    /** No grant is shorter: two ticks of the kernel's clock may be 20 ms, and nothing would be left. */
    public static final int MIN_GRANT_MS = 20;

    private static final int SUBSYSTEM_NFTABLES = 10;
    private static final int NFNL_MSG_BATCH_BEGIN = 0x10;
    private static final int NFNL_MSG_BATCH_END = 0x11;
    private static final int NFT_MSG_NEWSETELEM = SUBSYSTEM_NFTABLES << 8 | 12;
    private static final int NFT_MSG_GETSETELEM = SUBSYSTEM_NFTABLES << 8 | 13;
    private static final int NFT_MSG_DELSETELEM = SUBSYSTEM_NFTABLES << 8 | 14;
    private static final int NFPROTO_NETDEV = 5;
    private static final int NFTA_SET_ELEM_LIST_TABLE = 1;
    private static final int NFTA_SET_ELEM_LIST_SET = 2;
    private static final int NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    private static final int NFTA_LIST_ELEM = 1;
    private static final int NFTA_SET_ELEM_KEY = 1;
    private static final int NFTA_SET_ELEM_TIMEOUT = 4;
    private static final int NFTA_DATA_VALUE = 1;
    private static final long NANOS_PER_MS = 1_000_000L;

    private final String table;
    private final String outsideInterface;
    private final int virtualAddress;
    private final long maxCallNanos;
    private final NetlinkSocket socket;
    private final NetlinkWriter writer = new NetlinkWriter(1024);

    private enum Right {
        LEASE("lease"), CLAIM("claim");

        private final String set;

        Right(String set) {
            this.set = set;
        }
    }

    /**
     * Changes nothing yet; belongs to the calling thread's network namespace.
     *
     * @param service names the nftables table
     * @param virtualAddress first octet highest, see {@link Ipv4Packet#address}
     * @param maxCallMs a grant or renewal that took longer was held up on its way, so its clock may have started late:
     *     it is revoked. Whoever counts on the lease of another node having ended adds this to its length.
     */
    public EgressLease(String service, String outsideInterface, int virtualAddress, int maxCallMs) {
        if (!service.matches("[A-Za-z0-9_.-]{1,64}") || !outsideInterface.matches("[^\\s\"/]{1,15}")) {
            throw new IllegalArgumentException("service " + service + ", interface " + outsideInterface);
        }
        // nftables identifiers begin with a letter and have neither '-' nor '.' everywhere
        this.table = "holdfast_" + service.replaceAll("[^A-Za-z0-9]", "_");
        this.outsideInterface = outsideInterface;
        this.virtualAddress = virtualAddress;
        this.maxCallNanos = maxCallMs * NANOS_PER_MS;
        this.socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER);
    }

    /** Puts the chain in, or anew, in one step, with neither right granted. Takes the time of starting a program. */
    public void install() {
        String vip = Ipv4Packet.text(virtualAddress);
        Command.run(List.of("nft", "-f", "-"), """
                add table netdev %1$s
                delete table netdev %1$s
                table netdev %1$s {
                  set lease { type ipv4_addr; flags timeout; }
                  set claim { type ipv4_addr; flags timeout; }
                  chain egress {
                    type filter hook egress device "%2$s" priority 0; policy accept;
                    meta protocol ip ip saddr %3$s ip saddr != @lease counter drop
                    meta protocol arp arp saddr ip %3$s arp saddr ip != @claim counter drop
                  }
                }
                """.formatted(table, outsideInterface, vip));
    }

    /** Takes the chain out: then nothing of this keeps anybody from sending with the address. */
    public void remove() {
        Command.run(List.of("nft", "-f", "-"), "add table netdev %1$s%ndelete table netdev %1$s%n".formatted(table));
    }

    /** Whether the chain is in. */
    public boolean isInstalled() {
        return Command.run("nft", "list", "tables", "netdev").lines().anyMatch(("table netdev " + table)::equals);
    }

    /** Grants the lease from now on, held or not. Returns false if the call was held up; then it is not granted. */
    public boolean grantLease(int durationMs) {
        return grant(Right.LEASE, System.nanoTime() + durationMs * NANOS_PER_MS);
    }

    /** As {@link #grantLease(int)}, until a time on the clock of {@link System#nanoTime}. */
    public boolean grantLeaseUntil(long deadlineNanos) {
        return grant(Right.LEASE, deadlineNanos);
    }

    /**
     * Prolongs the lease. Returns false if it had lapsed or the call was held up; then it is not held any more. A
     * refusal by the kernel takes some 10 ms, the transaction that failed waits for all readers.
     */
    public boolean renewLease(int durationMs) {
        return renew(Right.LEASE, System.nanoTime() + durationMs * NANOS_PER_MS);
    }

    /** As {@link #renewLease(int)}, until a time on the clock of {@link System#nanoTime}. */
    public boolean renewLeaseUntil(long deadlineNanos) {
        return renew(Right.LEASE, deadlineNanos);
    }

    /** Ends the lease. Returns whether it was held. */
    public boolean revokeLease() {
        return revoke(Right.LEASE);
    }

    /** As {@link #grantLease(int)} for ARP. */
    public boolean grantClaim(int durationMs) {
        return grant(Right.CLAIM, System.nanoTime() + durationMs * NANOS_PER_MS);
    }

    /** As {@link #renewLease(int)} for ARP. */
    public boolean renewClaim(int durationMs) {
        return renew(Right.CLAIM, System.nanoTime() + durationMs * NANOS_PER_MS);
    }

    /** As {@link #grantLeaseUntil} for ARP. */
    public boolean grantClaimUntil(long deadlineNanos) {
        return grant(Right.CLAIM, deadlineNanos);
    }

    /** As {@link #renewLeaseUntil} for ARP. */
    public boolean renewClaimUntil(long deadlineNanos) {
        return renew(Right.CLAIM, deadlineNanos);
    }

    /** As {@link #revokeLease} for ARP. */
    public boolean revokeClaim() {
        return revoke(Right.CLAIM);
    }

    /** Whether the kernel lets IPv4 packets with the address out right now. */
    public boolean isLeaseHeld() {
        return isHeld(Right.LEASE);
    }

    /** Whether the kernel lets ARP packets with the address out right now. */
    public boolean isClaimHeld() {
        return isHeld(Right.CLAIM);
    }

    private boolean grant(Right right, long deadlineNanos) {
        revoke(right);
        return change(right, deadlineNanos, false);
    }

    private boolean renew(Right right, long deadlineNanos) {
        return change(right, deadlineNanos, true);
    }

    private boolean isHeld(Right right) {
        writer.clear();
        element(NFT_MSG_GETSETELEM, 0, right, 0);
        int result = socket.tryRequest(writer);
        if (result == -Errno.ENOENT) {
            return false;
        }
        refuse(right, result);
        return true;
    }

    /**
     * Puts the element in with the time that is left, for a renewal in one transaction with taking out the one before:
     * that fails with ENOENT when it has expired (net/netfilter/nf_tables_api.c, nft_del_setelem; an expired element
     * does not match in nft_set_hash.c), and with it the transaction. Readers see either the old or the new element.
     */
    private boolean change(Right right, long deadlineNanos, boolean replace) {
        long begunNanos = System.nanoTime();
        long leftMs = (deadlineNanos - begunNanos) / NANOS_PER_MS;
        if (leftMs < MIN_GRANT_MS) {
            revoke(right);
            return false;
        }
        begin();
        if (replace) {
            element(NFT_MSG_DELSETELEM, 0, right, 0);
        }
        element(NFT_MSG_NEWSETELEM, NetlinkWriter.NLM_F_CREATE | NetlinkWriter.NLM_F_EXCL, right, leftMs);
        int result = commit();
        if (result == -Errno.ENOENT && replace) {
            return false;
        }
        refuse(right, result);
        if (System.nanoTime() - begunNanos > maxCallNanos) {
            revoke(right);
            return false;
        }
        return true;
    }

    private boolean revoke(Right right) {
        // A transaction that fails waits for all of the kernel's readers (nf_tables_abort, synchronize_rcu), 10 ms and
        // more; so look first. One that expires after the look costs that time and nothing else.
        if (!isHeld(right)) {
            return false;
        }
        begin();
        element(NFT_MSG_DELSETELEM, 0, right, 0);
        int result = commit();
        if (result == -Errno.ENOENT) {
            return false;
        }
        refuse(right, result);
        return true;
    }

    private void refuse(Right right, int result) {
        if (result < 0) {
            throw new SystemCallException("nftables set " + table + " " + right.set, -result, socket.lastErrorText());
        }
    }

    private void begin() {
        writer.clear().begin(NFNL_MSG_BATCH_BEGIN, 0).nfgenmsg(0, SUBSYSTEM_NFTABLES).end();
    }

    private int commit() {
        writer.begin(NFNL_MSG_BATCH_END, 0).nfgenmsg(0, SUBSYSTEM_NFTABLES).end();
        return socket.tryRequest(writer);
    }

    private void element(int type, int flags, Right right, long timeoutMs) {
        writer.begin(type, flags).nfgenmsg(NFPROTO_NETDEV, 0);
        writer.attribute(NFTA_SET_ELEM_LIST_TABLE, table).attribute(NFTA_SET_ELEM_LIST_SET, right.set);
        int elements = writer.beginNested(NFTA_SET_ELEM_LIST_ELEMENTS);
        int element = writer.beginNested(NFTA_LIST_ELEM);
        int key = writer.beginNested(NFTA_SET_ELEM_KEY);
        writer.attribute(NFTA_DATA_VALUE, ByteBuffer.allocate(Integer.BYTES).putInt(virtualAddress).array());
        writer.endNested(key);
        if (timeoutMs > 0) {
            writer.attributeU64Be(NFTA_SET_ELEM_TIMEOUT, timeoutMs);
        }
        writer.endNested(element).endNested(elements).end();
    }

    /** Ends both rights as far as they are held; the chain stays, so egress is shut. */
    @Override
    public void close() {
        try {
            revoke(Right.LEASE);
            revoke(Right.CLAIM);
        } finally {
            socket.close();
        }
    }
}

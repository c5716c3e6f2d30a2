package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * Shared by the threads of the group, each method under the object's lock: the current term and the vote given in it.
 *
 * <p>Both must be on stable storage before a vote or a term is answered (Raft, figure 2, "persistent state on all
 * servers"). {@link #save} writes and forces one slot and then the other, each with a sequence number and a checksum. A
 * slot torn by a crash leaves the other one, which holds the state before that save or that save itself; a slot that
 * rots later leaves its equal, so a vote that was given is never forgotten. Votes name the member by its raft_id, since
 * a restarted member has another address.
 */
public final class VoteStore implements AutoCloseable {
    static final String FILE_NAME = "vote";
    static final int SLOTS = 2;
    /** A slot has its own page, so that one torn write cannot hit both. */
    static final int SLOT_BYTES = 4096;
    static final int MAX_NAME_BYTES = 400;

    private static final int MAGIC = 0x48465654;
    private static final int VERSION = 1;
    private static final int NAME = 32;
    private static final int CRC = SLOT_BYTES - 4;

    private final StableStorage storage;
    private final Path path;
    private final ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES);
    private final CRC32C crc = new CRC32C();
    /** Not a channel: an interrupt would close it. */
    private final RandomAccessFile file;
    private long sequence;
    private long term;
    private String votedFor;
    private Throwable failure;

    private VoteStore(StableStorage storage, Path path) throws IOException {
        this.storage = storage;
        this.path = path;
        boolean found = Files.exists(path);
        if (!found) {
            create(path);
        }
        load(Files.readAllBytes(path));
        this.file = storage.open(path);
        if (found) {
            forceFound();
        }
    }

    /**
     * A process that died may have written it, or given it its name, and not forced it; the member goes by it from here on,
     * and a power cut must not take it back.
     */
    private void forceFound() throws IOException {
        try {
            storage.force(file, path);
            storage.forceDirectory(path.toAbsolutePath().getParent());
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Opens the vote in {@code dir}, or starts with term 0 and no vote. */
    public static VoteStore open(Path dir) {
        return open(dir, KernelStorage.INSTANCE);
    }

    static VoteStore open(Path dir, StableStorage storage) {
        try {
            storage.createDirectories(dir);
            return new VoteStore(storage, dir.resolve(FILE_NAME));
        } catch (IOException | JournalException e) {
            throw JournalException.refusal(dir.resolve(FILE_NAME), "cannot open the vote: ", e);
        }
    }

    public synchronized long term() {
        return term;
    }

    /** The raft_id this member voted for in {@link #term()}, or null. */
    public synchronized String votedFor() {
        return votedFor;
    }

    /**
     * Returns when both are on stable storage. A term never goes back and a vote given in a term never changes:
     * either would allow two leaders in one term.
     */
    public synchronized void save(long newTerm, String newVote) {
        if (failure != null) {
            throw new JournalException("the vote store has stopped: " + failure, failure);
        }
        if (newTerm < term) {
            throw new IllegalArgumentException("term would go back from " + term + " to " + newTerm);
        }
        if (newTerm == term && votedFor != null && !votedFor.equals(newVote)) {
            throw new IllegalArgumentException("vote of term " + term + " would change from " + votedFor + " to " + newVote);
        }
        if (newVote != null && newVote.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            throw new IllegalArgumentException("name longer than " + MAX_NAME_BYTES + " bytes: " + newVote);
        }
        if (newTerm == term && Objects.equals(newVote, votedFor)) {
            return;
        }
        encode(sequence + 1, newTerm, newVote);
        try {
            for (int i = 0; i < SLOTS; i++) {
                file.seek((long) i * SLOT_BYTES);
                file.write(slot.array());
                storage.force(file, path);
            }
        } catch (IOException e) {
            failure = e;
            throw new JournalException(path, -1, "cannot store the vote: " + e, e);
        }
        sequence++;
        term = newTerm;
        votedFor = newVote;
    }

    @Override
    public synchronized void close() {
        if (failure == null) {
            failure = new IllegalStateException("the vote store is closed");
        }
        try {
            file.close();
        } catch (IOException e) {
            throw new JournalException(path, -1, "cannot close the vote: " + e, e);
        }
    }

    /** Written aside and renamed: the file exists whole or not at all. */
    private void create(Path vote) throws IOException {
        encode(0, 0, null);
        byte[] slots = Arrays.copyOf(slot.array(), SLOTS * SLOT_BYTES);
        System.arraycopy(slots, 0, slots, SLOT_BYTES, SLOT_BYTES);
        storage.replace(vote.toAbsolutePath().getParent(), FILE_NAME, slots);
    }

    private void load(byte[] bytes) {
        String first = decode(bytes, 0);
        String second = decode(bytes, SLOT_BYTES);
        if (first != null && second != null) {
            throw new JournalException(path, 0, "no slot of the vote is whole: first " + first + "; second " + second);
        }
    }

    /** Takes the slot over when it is whole and the newest so far; otherwise says what is wrong with it. */
    private String decode(byte[] bytes, int at) {
        if (bytes.length < at + SLOT_BYTES) {
            return "file ends at byte " + bytes.length;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, at, SLOT_BYTES).slice();
        crc.reset();
        crc.update(bytes, at, CRC);
        if (in.getInt(CRC) != (int) crc.getValue()) {
            return "checksum does not match";
        }
        int nameBytes = in.getShort(6);
        if (in.getInt(0) != MAGIC || in.getShort(4) != VERSION || nameBytes < -1 || nameBytes > MAX_NAME_BYTES) {
            return "unknown form";
        }
        if (in.getLong(8) >= sequence) {
            sequence = in.getLong(8);
            term = in.getLong(16);
            votedFor = nameBytes < 0 ? null : new String(bytes, at + NAME, nameBytes, StandardCharsets.UTF_8);
        }
        return null;
    }

    private void encode(long slotSequence, long slotTerm, String vote) {
        byte[] name = vote == null ? new byte[0] : vote.getBytes(StandardCharsets.UTF_8);
        slot.clear();
        Arrays.fill(slot.array(), (byte) 0);
        slot.putInt(0, MAGIC).putShort(4, (short) VERSION).putShort(6, (short) (vote == null ? -1 : name.length));
        slot.putLong(8, slotSequence).putLong(16, slotTerm);
        slot.put(NAME, name);
        crc.reset();
        crc.update(slot.array(), 0, CRC);
        slot.putInt(CRC, (int) crc.getValue());
    }
}

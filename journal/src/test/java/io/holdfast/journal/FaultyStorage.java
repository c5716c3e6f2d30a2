package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;

import net.openhft.chronicle.core.io.IOTools;

/**
 * Used by any thread, each method under the object's lock: a disk below one directory that fails when told to, and that
 * knows at each moment what a power cut would leave.
 *
 * <p>Kept is what each file held at its last force, and which names were made, changed and deleted since the directory's.
 * Nothing is really forced. Of the files only those count that are opened, renamed and deleted through here: the lock and
 * Chronicle's metadata are gone after a power cut. Files moved into an archive come back when the move was not forced.
 */
public final class FaultyStorage implements StableStorage {
    /** What can fail. */
    public enum Fault {
        /** fsync of any file but that of the vote. */
        FORCE("Input/output error"),
        /** Zeros written ahead. */
        CLAIM("No space left on device"),
        /** fsync of the directory. */
        DIRECTORY("Input/output error"),
        /** fsync of the vote. */
        VOTE("Input/output error"),
        /** fsync of any file but that of the vote: it does not fail, it does not end until {@link #mend()}. */
        HANG("nobody waits any longer");

        private final String message;

        Fault(String message) {
            this.message = message;
        }
    }

    private static final int PAGE_BYTES = DiskPages.PAGE_BYTES;
    private static final double TORN = 1 / 16.0;
    private static final int CHUNK_BYTES = 64 << 10;
    private static final byte[] ZEROS = new byte[CHUNK_BYTES];
    /** How far behind Chronicle's write position stores may be: a record and an index page, with room. */
    private static final int SCAN_AHEAD_BYTES = 512 << 10;

    /** A file, whatever it is called. */
    private static final class Inode {
        /** What it held at the last force, up to the last page that was not zero. */
        byte[] forced = new byte[0];
        long forcedSize;
        /** What it held last, once no name leads to it any more. */
        byte[] last;
        private MappedByteBuffer map;

        /** A small file is read, since it may be shortened while it is mapped. */
        ByteBuffer mapped(RandomAccessFile file, int size) throws IOException {
            if (size < CHUNK_BYTES) {
                byte[] content = new byte[size];
                file.seek(0);
                file.readFully(content);
                return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
            }
            if (map == null || map.capacity() != size) {
                unmap();
                map = file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, size);
                map.order(ByteOrder.LITTLE_ENDIAN);
            }
            return map;
        }

        void unmap() {
            if (map != null) {
                IOTools.clean(map);
                map = null;
            }
        }
    }

    /** One change of the directory: {@code inode} null deletes. {@code movedTo} is where a file went that left it. */
    private record Change(String name, Inode inode, Path movedTo) {
    }

    private final Path dir;
    private final Set<Fault> faults = EnumSet.noneOf(Fault.class);
    private final Map<String, Inode> forcedNames = new TreeMap<>();
    private final Map<String, Inode> names = new TreeMap<>();
    private final List<Change> changes = new ArrayList<>();
    private final List<Path> movedOut = new ArrayList<>();
    private int boot = 1;
    private boolean off;
    private long forces;
    /** What was asked for, in order, since the storage began anew. */
    private final List<String> calls = new ArrayList<>();
    /** The call of this number, from 1, does not happen. */
    private long diesAt = Long.MAX_VALUE;
    private boolean dead;

    /** What is in the directory already counts as forced. */
    public FaultyStorage(Path dir) throws IOException {
        this.dir = Files.createDirectories(dir);
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(dir)) {
            for (Path path : paths) {
                Inode inode = new Inode();
                inode.forced = Files.readAllBytes(path);
                inode.forcedSize = inode.forced.length;
                names.put(path.getFileName().toString(), inode);
            }
        }
        forcedNames.putAll(names);
    }

    public Journal openJournal(JournalOptions options) {
        return openJournal(options, System::currentTimeMillis);
    }

    public Journal openJournal(JournalOptions options, LongSupplier epochMillis) {
        return Journal.open(dir, options, epochMillis, this);
    }

    public VoteStore openVotes() {
        return VoteStore.open(dir, this);
    }

    /** The next one of these fails, and every later one, until {@link #mend()}. */
    public synchronized void failNext(Fault fault) {
        faults.add(fault);
    }

    public synchronized void mend() {
        faults.clear();
        notifyAll();
    }

    /** How many forces of files there were. */
    public synchronized long forces() {
        return forces;
    }

    /**
     * The process ends at the k-th call from now on to any method that touches the disk: it
     * does not happen and throws, as every later one does, until {@link #kill} or {@link #powerCut}, which find everything as
     * it was at that moment, whatever the program does in the time until then.
     */
    public synchronized void dieAtCall(int k) {
        diesAt = calls.size() + k;
    }

    public synchronized boolean isDead() {
        return dead;
    }

    /** The calls since the storage began anew, and each with the name of its file. */
    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    /** The kernel writes pages back by itself, so many of those that were changed. */
    public synchronized void writeBack(Random random, double share) throws IOException {
        for (Map.Entry<String, Inode> entry : names.entrySet()) {
            byte[] now = Files.readAllBytes(dir.resolve(entry.getKey()));
            Inode inode = entry.getValue();
            inode.forced = DiskPages.mixed(inode.forced, now, Math.max(inode.forced.length, now.length), random, 1 - share, 0);
            inode.forcedSize = Math.max(inode.forcedSize, now.length);
        }
    }

    /** The kernel starts anew in an orderly way: nothing is lost. */
    public synchronized void reboot() {
        boot++;
    }

    /**
     * The power fails now. What is {@code open} in the directory is closed, without effect, and the directory then is as
     * the disk has it: what was forced is there; each page changed since is lost with this probability, or torn; changes
     * of names happened up to one of them, in order.
     */
    public void powerCut(Random random, double lossOfPage, AutoCloseable... open) throws IOException {
        Map<String, byte[]> left;
        synchronized (this) {
            left = left(random, lossOfPage);
            off = true;
        }
        close(open);
        begin(left);
    }

    /**
     * The process dies: what is {@code open} is closed, without effect, and the directory is as it was at this moment. What was
     * not forced still is not.
     */
    public void kill(AutoCloseable... open) throws IOException {
        Map<String, byte[]> left = new TreeMap<>();
        synchronized (this) {
            keepAll();
            names.forEach((name, inode) -> left.put(name, inode.last));
            off = true;
        }
        close(open);
        synchronized (this) {
            restore(left);
        }
    }

    private static void close(AutoCloseable... open) {
        for (AutoCloseable each : open) {
            try {
                each.close();
            } catch (Exception e) {
                // Whatever it still wanted: there is no power, or no process.
            }
        }
    }

    private Map<String, byte[]> left(Random random, double loss) throws IOException {
        Map<String, Inode> there = new TreeMap<>(forcedNames);
        int kept = 0;
        while (kept < changes.size() && random.nextDouble() >= loss) {
            apply(changes.get(kept++), there);
        }
        for (Change undone : changes.subList(kept, changes.size())) {
            if (undone.movedTo() != null) {
                movedOut.add(undone.movedTo());
            }
        }
        keepAll();
        Map<String, byte[]> left = new TreeMap<>();
        there.forEach((name, inode) -> {
            long size = random.nextDouble() < loss ? inode.forcedSize : inode.last.length;
            left.put(name, DiskPages.mixed(inode.forced, inode.last, (int) size, random, loss, loss * TORN));
        });
        return left;
    }

    private static void apply(Change change, Map<String, Inode> to) {
        if (change.inode() == null) {
            to.remove(change.name());
        } else {
            to.values().remove(change.inode());
            to.put(change.name(), change.inode());
        }
    }

    /** As each file is now; of a process that died at a call, as it was then. */
    private void keepAll() throws IOException {
        if (!dead) {
            for (Map.Entry<String, Inode> entry : names.entrySet()) {
                entry.getValue().last = Files.readAllBytes(dir.resolve(entry.getKey()));
            }
        }
    }

    private synchronized void begin(Map<String, byte[]> left) throws IOException {
        restore(left);
        names.clear();
        changes.clear();
        left.forEach((name, content) -> {
            Inode inode = new Inode();
            inode.forced = DiskPages.withoutZerosBehind(content);
            inode.forcedSize = content.length;
            names.put(name, inode);
        });
        forcedNames.clear();
        forcedNames.putAll(names);
        boot++;
    }

    private void restore(Map<String, byte[]> left) throws IOException {
        for (Path path : movedOut) {
            Files.deleteIfExists(path);
        }
        movedOut.clear();
        names.values().forEach(Inode::unmap);
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(dir)) {
            for (Path path : paths) {
                Files.delete(path);
            }
        }
        for (Map.Entry<String, byte[]> entry : left.entrySet()) {
            Files.write(dir.resolve(entry.getKey()), entry.getValue());
        }
        faults.clear();
        calls.clear();
        diesAt = Long.MAX_VALUE;
        dead = false;
        off = false;
    }

    private void failIf(Fault fault) throws IOException {
        while (fault == Fault.FORCE && faults.contains(Fault.HANG)) {
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IOException(Fault.HANG.message, e);
            }
        }
        if (!off && faults.contains(fault)) {
            throw new IOException(fault.message);
        }
    }

    /** One call more, unless the process dies of it. */
    private void call(String what, Path path) throws IOException {
        if (off) {
            return;
        }
        if (!dead) {
            calls.add(what + " " + name(path));
            if (calls.size() < diesAt) {
                return;
            }
            keepAll();
            dead = true;
        }
        throw new IOException("the process is dead");
    }

    private boolean counts(Path path) {
        return !off && dir.toAbsolutePath().equals(path.toAbsolutePath().getParent());
    }

    private static String name(Path path) {
        return path.getFileName().toString();
    }

    @Override
    public synchronized RandomAccessFile open(Path path) throws IOException {
        call("open", path);
        if (counts(path) && !names.containsKey(name(path))) {
            change(new Change(name(path), new Inode(), null));
        }
        return KernelStorage.INSTANCE.open(path);
    }

    @Override
    public synchronized void zero(RandomAccessFile file, Path path, long from, long to) throws IOException {
        call("zero", path);
        KernelStorage.INSTANCE.zero(file, path, from, to);
    }

    @Override
    public boolean worksBeside() {
        return false;
    }

    @Override
    public synchronized void claim(RandomAccessFile file, Path path, long from, long to, int atOnceBytes) throws IOException {
        call("claim", path);
        failIf(Fault.CLAIM);
        KernelStorage.INSTANCE.claim(file, path, from, to, atOnceBytes);
    }

    @Override
    public synchronized void force(RandomAccessFile file, Path path) throws IOException {
        call("force", path);
        failIf(name(path).startsWith(VoteStore.FILE_NAME) ? Fault.VOTE : Fault.FORCE);
        forces++;
        if (counts(path)) {
            capture(file, names.get(name(path)));
        }
    }

    @Override
    public synchronized Part part(Path path) throws IOException {
        call("open part of", path);
        return new Part() {
            @Override
            public void force(long from, long to) throws IOException {
                forcePart(path, from, to);
            }

            @Override
            public void close() {
                // Nothing is held.
            }
        };
    }

    private synchronized void forcePart(Path path, long from, long to) throws IOException {
        call("force part of", path);
        failIf(Fault.FORCE);
        forces++;
        if (!counts(path)) {
            return;
        }
        try (RandomAccessFile file = KernelStorage.INSTANCE.open(path)) {
            int size = (int) file.length();
            int end = (int) Math.min(size, to + PAGE_BYTES - 1 & -PAGE_BYTES);
            Inode inode = names.get(name(path));
            ByteBuffer now = inode.mapped(file, size);
            for (int page = (int) from & -PAGE_BYTES; page < end; page += PAGE_BYTES) {
                capture(now, inode, page, Math.min(PAGE_BYTES, end - page));
            }
            inode.forcedSize = Math.max(inode.forcedSize, end);
        }
    }

    @Override
    public synchronized void forceDirectory(Path forced) throws IOException {
        call("force names of", forced);
        failIf(Fault.DIRECTORY);
        if (!off && forced.toAbsolutePath().equals(dir.toAbsolutePath())) {
            forcedNames.clear();
            forcedNames.putAll(names);
            changes.clear();
        }
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        call("rename", from);
        boolean leaves = !dir.toAbsolutePath().equals(to.toAbsolutePath().getParent());
        if (counts(from)) {
            keepLast(leaves ? from : to);
            change(leaves ? new Change(name(from), null, to) : new Change(name(to), names.get(name(from)), null));
        } else if (leaves) {
            movedOut.add(to);
        }
        KernelStorage.INSTANCE.rename(from, to);
    }

    @Override
    public synchronized void delete(Path path) throws IOException {
        call("delete", path);
        if (counts(path) && names.containsKey(name(path))) {
            keepLast(path);
            change(new Change(name(path), null, null));
        }
        KernelStorage.INSTANCE.delete(path);
    }

    @Override
    public synchronized String bootId() {
        return "boot " + boot;
    }

    private void change(Change change) {
        changes.add(change);
        apply(change, names);
    }

    private void keepLast(Path path) throws IOException {
        Inode inode = names.get(name(path));
        if (inode != null) {
            inode.last = Files.readAllBytes(path);
        }
    }

    /** Takes over the pages that differ, as far as the file can have any. */
    private void capture(RandomAccessFile file, Inode inode) throws IOException {
        int size = (int) file.length();
        if (size < inode.forced.length) {
            inode.forced = Arrays.copyOf(inode.forced, size);
        }
        ByteBuffer now = inode.mapped(file, size);
        int end = Math.min(size, inode.forced.length);
        if (size >= CycleFile.WRITE_POSITION_OFFSET + Long.BYTES) {
            end = Math.max(end, (int) Math.min(size, now.getLong(CycleFile.WRITE_POSITION_OFFSET)));
        }
        end = Math.min(size, end + SCAN_AHEAD_BYTES);
        for (int at = 0; at < end; at += CHUNK_BYTES) {
            int length = Math.min(CHUNK_BYTES, end - at);
            if (differs(now, inode.forced, at, length)) {
                for (int page = at; page < at + length; page += PAGE_BYTES) {
                    capture(now, inode, page, Math.min(PAGE_BYTES, at + length - page));
                }
            }
        }
        inode.forcedSize = size;
    }

    private static boolean differs(ByteBuffer now, byte[] forced, int at, int length) {
        int held = Math.max(0, Math.min(length, forced.length - at));
        return held > 0 && now.slice(at, held).mismatch(ByteBuffer.wrap(forced, at, held)) >= 0
                || held < length && now.slice(at + held, length - held).mismatch(ByteBuffer.wrap(ZEROS, 0, length - held)) >= 0;
    }

    private static void capture(ByteBuffer now, Inode inode, int at, int length) {
        if (differs(now, inode.forced, at, length)) {
            if (at + length > inode.forced.length) {
                inode.forced = Arrays.copyOf(inode.forced, at + length);
            }
            now.get(at, inode.forced, at, length);
        }
    }
}

using HashGrid.Index.Persistence;
using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    /// <summary>Writes the index to a file, all or nothing: a reader sees the old file or the new one, also after a power cut.</summary>
    /// <param name="path">The file; replaced if it exists. Its folder must exist.</param>
    /// <param name="cancellationToken">Gives the file up between two pieces of 8 MiB; the old one, if any, is untouched.</param>
    /// <exception cref="IOException">The file cannot be written; the old one, if any, is untouched.</exception>
    /// <exception cref="ObjectDisposedException">The index was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <remarks>
    /// Writes the codes stored at the time of the call; searches and writers go on meanwhile. Structures are saved too, so opening builds nothing.
    /// The file goes to the disk in stretches of 64 MiB, so that neither the end nor a cancellation has to wait for all of it.
    /// </remarks>
    public void Save(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        List<SegmentImage> images = [];
        lock (_writer)
        {
            IndexState state = State;
            foreach (Segment segment in state.Sealed) images.Add(SegmentImage.Of(segment));
            if (state.Open.Count > 0) images.Add(SegmentImage.Of(state.Open));
        }
        IndexFileWriter.Write(path, Width, images, cancellationToken);
    }

    /// <summary>Opens an index file by memory map: pages are read when a search needs them, and shared between processes.</summary>
    /// <param name="path">A file that <see cref="Save"/> wrote. It must not be changed in place while the index lives.</param>
    /// <param name="options">How to keep what is added; <see cref="HammingIndexOptions.VerifyOnOpen"/>.</param>
    /// <returns>The index. It can be changed; the file does not change until the next <see cref="Save"/>.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IndexFormatException">The file is damaged, cut off, no index, or newer than this library.</exception>
    /// <remarks>Verifying reads the file once, at several GB/s; without it opening takes milliseconds at any size.</remarks>
    public static HammingIndex Open(string path, HammingIndexOptions? options = null)
    {
        options = HammingIndexOptions.Require(options);
        ArgumentException.ThrowIfNullOrEmpty(path);
        (CodeWidth width, Segment[] segments) = IndexFileReader.Read(path, options.VerifyOnOpen);
        return new HammingIndex(width, options, segments);
    }
}

using HashGrid.Server.Encoding;

namespace HashGrid.Server.Tests.Encoding;

public sealed class FairQueueTests
{
    [Test]
    public void Dequeue_OneLane_KeepsOrder()
    {
        FairQueue<int> queue = new();
        FairQueue<int>.Lane lane = queue.AddLane(1);
        for (int i = 0; i < 5; i++) queue.Enqueue(lane, new LinkedListNode<int>(i));
        Assert.That(Drain(queue), Is.EqualTo(new[] { 0, 1, 2, 3, 4 }));
    }

    [TestCase(1, 1, 50)]
    [TestCase(3, 1, 75)]
    [TestCase(8, 2, 80)]
    public void Dequeue_TwoBusyLanes_ShareByWeight(double first, double second, int expected)
    {
        FairQueue<string> queue = new();
        FairQueue<string>.Lane a = queue.AddLane(first), b = queue.AddLane(second);
        for (int i = 0; i < 200; i++)
        {
            queue.Enqueue(a, new LinkedListNode<string>("a"));
            queue.Enqueue(b, new LinkedListNode<string>("b"));
        }
        int fromFirst = Enumerable.Range(0, 100).Count(_ => queue.Dequeue()!.Value == "a");
        Assert.That(fromFirst, Is.EqualTo(expected).Within(1));
    }

    [Test]
    public void Dequeue_LaneThatComesLate_WaitsForNoBacklog()
    {
        FairQueue<string> queue = new();
        FairQueue<string>.Lane bulk = queue.AddLane(1), late = queue.AddLane(1);
        for (int i = 0; i < 1000; i++) queue.Enqueue(bulk, new LinkedListNode<string>("bulk"));
        for (int i = 0; i < 500; i++) queue.Dequeue();
        queue.Enqueue(late, new LinkedListNode<string>("late"));
        Assert.That(new[] { queue.Dequeue()!.Value, queue.Dequeue()!.Value }, Does.Contain("late"));
    }

    [Test]
    public void Dequeue_LaneThatWasIdle_HasSavedNoCredit()
    {
        FairQueue<string> queue = new();
        FairQueue<string>.Lane busy = queue.AddLane(1), idle = queue.AddLane(1);
        queue.Enqueue(idle, new LinkedListNode<string>("idle"));
        for (int i = 0; i < 1000; i++) queue.Enqueue(busy, new LinkedListNode<string>("busy"));
        for (int i = 0; i < 800; i++) queue.Dequeue();
        for (int i = 0; i < 100; i++) queue.Enqueue(idle, new LinkedListNode<string>("idle"));
        int fromIdle = Enumerable.Range(0, 20).Count(_ => queue.Dequeue()!.Value == "idle");
        Assert.That(fromIdle, Is.EqualTo(10).Within(1));
    }

    [TestCase(0)]
    [TestCase(4)]
    public void Dequeue_LanesThatOpenOneAfterAnother_TakeTurnsWithAnOldOne(double credit)
    {
        FairQueue<string> queue = new(credit);
        FairQueue<string>.Lane bulk = queue.AddLane(1);
        for (int i = 0; i < 1000; i++) queue.Enqueue(bulk, new LinkedListNode<string>("bulk"));
        for (int i = 0; i < 100; i++) queue.Dequeue();
        int fromBulk = 0;
        for (int i = 0; i < 300; i++)
        {
            queue.Enqueue(queue.AddLane(1), new LinkedListNode<string>("new"));
            if (queue.Dequeue()!.Value == "bulk") fromBulk++;
        }
        // One more of them waits after each turn of the old lane, and each goes once before its next turn: n turns take n * n / 2 items.
        Assert.That(fromBulk, Is.GreaterThanOrEqualTo(20));
    }

    [Test]
    public void Dequeue_LateLanesOneAfterAnother_NeverTakeTheirCreditTogether()
    {
        FairQueue<string> queue = new(credit: 4);
        FairQueue<string>.Lane bulk = queue.AddLane(1);
        FairQueue<string>.Lane[] late = [.. Enumerable.Range(0, 30).Select(_ => queue.AddLane(1))];
        for (int i = 0; i < 1000; i++) queue.Enqueue(bulk, new LinkedListNode<string>("bulk"));
        for (int i = 0; i < 200; i++) queue.Dequeue();
        foreach (FairQueue<string>.Lane lane in late)
        {
            queue.Enqueue(lane, new LinkedListNode<string>("late"));
            Assert.That(queue.Dequeue()!.Value, Is.EqualTo("late"));
        }
        for (int i = 0; i < 50; i++) queue.Enqueue(late[^1], new LinkedListNode<string>("late"));
        int before = 0;
        while (queue.Dequeue()!.Value != "bulk") before++;
        Assert.That(before, Is.LessThanOrEqualTo(5), "its own credit, and one");
    }

    [Test]
    public void Remove_FromTheMiddleAndTheLastOne_LeavesTheRest()
    {
        FairQueue<int> queue = new();
        FairQueue<int>.Lane lane = queue.AddLane(1), other = queue.AddLane(1);
        LinkedListNode<int>[] nodes = [.. Enumerable.Range(0, 3).Select(i => new LinkedListNode<int>(i))];
        foreach (LinkedListNode<int> node in nodes) queue.Enqueue(lane, node);
        var alone = new LinkedListNode<int>(9);
        queue.Enqueue(other, alone);
        queue.Remove(lane, nodes[1]);
        queue.Remove(other, alone);
        Assert.That(queue.Count, Is.EqualTo(2));
        Assert.That(Drain(queue), Is.EqualTo(new[] { 0, 2 }));
    }

    private static List<int> Drain(FairQueue<int> queue)
    {
        List<int> items = [];
        while (queue.Dequeue() is { } node) items.Add(node.Value);
        return items;
    }
}

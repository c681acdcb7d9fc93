namespace HashGrid.Server.Storage.Checking;

/// <summary>One thing that a walk over a store meets: a <see cref="JournalEntry"/> that proves itself, or a <see cref="StoreFinding"/>.</summary>
public abstract record JournalPiece;

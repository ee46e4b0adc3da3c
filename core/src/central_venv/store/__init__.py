"""What lies in the store and how it stays true: homes, environments, records, locks, marks of use, trash, sizes.

One home or environment at a time; what is in a whole store is the inventory's question. Calls policy and the machine.
"""

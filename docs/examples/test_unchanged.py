import asyncio

import pytest


async def answer(questions: asyncio.Queue[str], answers: list[str]) -> None:
    while True:
        question = await questions.get()
        await asyncio.sleep(30)  # thinks
        answers.append(question.upper())


@pytest.mark.asyncio
async def test_a_question_is_answered_after_thinking() -> None:
    questions: asyncio.Queue[str] = asyncio.Queue()
    answers: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        answering = tasks.create_task(answer(questions, answers))
        await questions.put("how much?")
        await asyncio.sleep(31)
        assert answers == ["HOW MUCH?"]
        answering.cancel()
